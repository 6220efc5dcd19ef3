"""What outlives a server, in a folder of its user's own: compiled programs.

No picture and no weights of a visitor are written there: programs hold arithmetic, and are handed their data when
they run; a visitor's own formula is such arithmetic. Without a disk to write on all is compiled anew at every start.
"""

import os
import sys
import tempfile
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

PROGRAMS = "jax_compilation_cache_dir"
LEAST = "jax_persistent_cache_min_compile_time_secs"
MOST = 400e6  # bytes of compiled programs: those of all pages take a tenth of it


@lru_cache(1)
def folder() -> Path | None:
    """The user's cache, else a temporary folder for as long as the machine keeps it; None where neither can be."""
    try:
        place = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deq"
        place.mkdir(parents=True, exist_ok=True)
        if os.access(place, os.W_OK):
            return place
    except (OSError, RuntimeError):  # the disk is read-only, or the user has no home
        pass
    try:
        return Path(tempfile.mkdtemp(prefix="deq-"))
    except OSError:
        return None


@lru_cache(1)
def keep_programs() -> None:
    """Let JAX keep what it compiles, for the next start; for all pages, before the first program is compiled.

    Whoever sets JAX_COMPILATION_CACHE_DIR knows better. The oldest programs go where there are too many.
    """
    place = folder()
    if place is None or PROGRAMS.upper() in os.environ:
        return
    programs = place / "programs"
    _make_room(programs.glob("*"), MOST)
    for name, value in ((PROGRAMS, str(programs)), (LEAST, 0.05)):
        os.environ[name.upper()] = str(value)
        if "jax" in sys.modules:  # a page came by its own link and was imported first
            sys.modules["jax"].config.update(name, value)


def _make_room(files: Iterable[Path], most: float) -> None:
    """Delete the oldest until the others take no more than so many bytes."""
    try:
        aged = sorted(((path.stat(), path) for path in files), key=lambda pair: -pair[0].st_mtime)
        total = 0
        for stat, path in aged:
            total += stat.st_size
            if total > most:
                path.unlink(missing_ok=True)
    except OSError:  # another server tidies up at the same time
        return
