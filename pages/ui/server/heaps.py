"""The memory of this process as the system sees it, and glibc's allocator, which can be told to hold less of it."""

import ctypes
import os
import sys
from functools import lru_cache
from pathlib import Path

M_ARENA_MAX = -8  # of glibc's malloc.h
ARENAS = 1  # heaps beside the first: one for each of sixteen threads would keep hundreds of MB that another could use


@lru_cache(1)
def share_heaps() -> None:
    """Let threads share their heaps; before there are many."""
    library = libc()
    if library:
        library.mallopt(M_ARENA_MAX, ARENAS)


@lru_cache(1)
def libc() -> ctypes.CDLL | None:
    """glibc, whose allocator can be told to hold less; None elsewhere."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "malloc_trim") else None


def resident() -> float:
    """Bytes of memory that this process holds; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0.0


def trim() -> None:
    """Give free memory back to the system."""
    library = libc()
    if library:
        library.malloc_trim(0)
