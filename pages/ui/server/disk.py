"""The cache of compiled programs on disk, which a restarted server reuses.

It holds no picture and no weights of a visitor: a program gets its data when it runs. (A visitor's own formula is part
of a program.) Without a writable disk everything is compiled again at each start.
"""

import os
import sys
import tempfile
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

PROGRAMS = "jax_compilation_cache_dir"
LEAST = "jax_persistent_cache_min_compile_time_secs"
MOST = 400e6  # bytes of compiled programs; all pages together need a tenth


@lru_cache(1)
def cache_folder() -> Path | None:
    """The user's cache folder, else a temporary one; None if neither can be written."""
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
    """Let JAX cache compiled programs on disk; call it before the first program is compiled.

    JAX_COMPILATION_CACHE_DIR overrides the folder. The oldest programs are deleted beyond MOST bytes.
    """
    place = cache_folder()
    if place is None or PROGRAMS.upper() in os.environ:
        return
    programs = place / "programs"
    delete_oldest(programs.glob("*"), MOST)
    for name, value in ((PROGRAMS, str(programs)), (LEAST, 0.05)):
        os.environ[name.upper()] = str(value)
        if "jax" in sys.modules:  # a deep-linked page was imported first
            sys.modules["jax"].config.update(name, value)


def delete_oldest(files: Iterable[Path], most: float) -> None:
    """Delete the oldest files until the rest take at most `most` bytes."""
    try:
        aged = sorted(((path.stat(), path) for path in files), key=lambda pair: -pair[0].st_mtime)
        total = 0
        for stat, path in aged:
            total += stat.st_size
            if total > most:
                path.unlink(missing_ok=True)
    except OSError:  # another server deletes at the same time
        return
