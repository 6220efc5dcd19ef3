"""What the server holds, kept to what a small machine has: Streamlit Community Cloud grants an app 1 GB at least.

A compiled program takes 2 to 5 MB for as long as JAX knows it, and a visit to every page compiles 80. Past a bound
all are forgotten at once, as JAX offers it; those still wanted come back from the disk when they are next called.
"""

import ctypes
import gc
import os
import sys
import time
from functools import lru_cache
from pathlib import Path

MOST = 560e6  # bytes resident from which on there is something to give back
GROWTH = 60e6  # above what forgetting left the last time: what forgetting is worth
PAUSE = 10.0  # seconds at least between two times of forgetting
M_ARENA_MAX = -8  # of glibc's malloc.h
ARENAS = 2  # heaps: one for each of sixteen threads would keep hundreds of MB that another could use

_forgot, _left = 0.0, 0.0  # when programs were last forgotten, and the bytes that stayed


@lru_cache(1)
def libc() -> ctypes.CDLL | None:
    """glibc, whose allocator can be told to hold less; None elsewhere."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "malloc_trim") else None


@lru_cache(1)
def share_heaps() -> None:
    """Let threads share their heaps; before there are many."""
    library = libc()
    if library:
        library.mallopt(M_ARENA_MAX, ARENAS)


def tidy() -> None:
    """Give memory back where much is held: what is free, and if that is not enough, the compiled programs."""
    global _forgot, _left
    if resident() < MOST:
        return
    trim()
    now = time.monotonic()
    if now - _forgot > PAUSE and resident() > max(MOST, _left + GROWTH) and "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
        gc.collect()
        trim()
        _forgot, _left = now, resident()


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
