"""Reliable timings: after compilation, repeated, one measurement at a time, on a named device."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

REPEATS = 9
_ALONE = threading.Lock()  # simultaneous measurements would disturb each other


def measure(run: Callable[[], Any], repeats: int = REPEATS) -> np.ndarray:
    """Seconds of each of `repeats` calls, (repeats,), after a warm-up call; waits for the results."""
    with _ALONE:
        jax.block_until_ready(run())
        return np.array([_once(run) for _ in range(repeats)])


def _once(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    jax.block_until_ready(run())
    return time.perf_counter() - began


def device_name() -> str:
    """The device in use, as text."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        return f"CPU, {len(os.sched_getaffinity(0))} cores" if hasattr(os, "sched_getaffinity") else "CPU"
    return f"{device.device_kind}, one of {jax.device_count()}"
