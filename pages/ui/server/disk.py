"""What outlives a server, in a folder of its user's own: compiled programs, and arrays that need not be found again.

No picture and no weights of a visitor are written there: programs hold arithmetic, and are handed their data when
they run; a visitor's own formula is such arithmetic. Without a disk to write on all is done anew at every start.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = "jax_compilation_cache_dir"
LEAST = "jax_persistent_cache_min_compile_time_secs"
MOST = 400e6  # bytes of compiled programs: those of all pages take a tenth of it
Arrays = dict[str, np.ndarray]


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


def kept(name: str, code: Iterable[Path], find: Callable[[], Arrays]) -> Arrays:
    """What `find` gives, from the disk where an earlier server found it with the same code and the same JAX."""
    place = folder()
    if place is None:
        return find()
    file = place / f"{name}-{_fingerprint(code)}.npz"
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, EOFError, ValueError, BadZipFile):  # none there, or half of one
        found = find()
    _write(file, found)
    return found


def _write(file: Path, arrays: Arrays) -> None:
    """Whole or not at all, instead of those of other code; a full disk is no reason to fail."""
    temporary = file.with_name(f".{os.getpid()}-{file.name}")
    try:
        np.savez(temporary, **arrays)  # type: ignore[arg-type]
        for old in file.parent.glob(f"{file.name.partition('-')[0]}-*.npz"):
            old.unlink(missing_ok=True)
        temporary.replace(file)
    except OSError:
        with suppress(OSError):
            temporary.unlink()


def _fingerprint(code: Iterable[Path]) -> str:
    """Of the files and of JAX's version: other code may find other arrays."""
    digest = hashlib.sha256(version("jax").encode())
    for path in sorted(code):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


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
