"""Threads of the library that factors matrices."""

import os
import sys
from functools import lru_cache

from threadpoolctl import threadpool_limits


@lru_cache(1)
def limit_threads() -> None:
    """One thread for OpenBLAS, by which JAX factors matrices on a CPU; they are small here, at most 200 x 200.

    Its threads wait for each other in a busy loop: with other work on the machine the inverse of an 87 x 87 matrix, for
    Peaceman-Rachford, took 40 ms instead of 0.4 ms.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if "scipy" in sys.modules:  # a deep-linked page was imported first, and has loaded the library
        threadpool_limits(int(os.environ["OPENBLAS_NUM_THREADS"]), "blas")
