"""Resident memory of this process, and settings of glibc's allocator that reduce it."""

import ctypes
import os
import sys
from functools import lru_cache
from pathlib import Path

M_ARENA_MAX = -8  # of glibc's malloc.h
ARENAS = 1  # heaps besides the first; one per thread would hold hundreds of MB that other threads could use


@lru_cache(1)
def limit_heaps() -> None:
    """Let threads share heaps; call it before many are started."""
    library = libc()
    if library:
        library.mallopt(M_ARENA_MAX, ARENAS)


@lru_cache(1)
def libc() -> ctypes.CDLL | None:
    """glibc; None on other systems."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "malloc_trim") else None


def resident() -> float:
    """Resident bytes of this process; 0 if the system does not report them."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0.0


def trim() -> None:
    """Return free memory to the system."""
    library = libc()
    if library:
        library.malloc_trim(0)
