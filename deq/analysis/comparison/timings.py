"""Timings worth quoting: interleaved repeats, their quartiles, and the fastest where those do not overlap."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar

import jax
import numpy as np

from deq.analysis.comparison.problem import Problem, solve_problem
from deq.solvers import Solver

ROUNDS = 9  # at most
FEWEST, ENOUGH = 5, 0.1  # rounds always taken, and the seconds after which no more are needed
_ALONE = threading.Lock()  # simultaneous measurements would disturb each other
Key = TypeVar("Key", bound=Hashable)


def take_turns(runs: Mapping[Key, Callable[[], Any]], rounds: int = ROUNDS) -> dict[Key, np.ndarray]:
    """Seconds of each call by name, (rounds,) or at least (FEWEST,) where they take long, after a warm-up call of each.

    Every round calls each once, so that changes in the machine's speed affect all alike. The first of a round
    changes, so that none always follows the same one. Another measurement may have its rounds in between.
    """
    names = list(runs)
    seconds: dict[Key, list[float]] = {name: [] for name in names}
    for run in runs.values():
        jax.block_until_ready(run())
    for turn in range(rounds):
        if turn >= FEWEST and sum(map(sum, seconds.values())) > ENOUGH:
            break
        first = turn % max(len(names), 1)
        with _ALONE:
            for name in names[first:] + names[:first]:
                seconds[name].append(_once(runs[name]))
    return {name: np.array(taken) for name, taken in seconds.items()}


def _once(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    jax.block_until_ready(run())
    return time.perf_counter() - began


def time_solvers(problem: Problem, solvers: Mapping[str, Solver]) -> dict[str, np.ndarray]:
    """Seconds that each solver takes for the whole batch, (rounds,), the solvers taking turns."""

    def run(solver: Solver) -> Callable[[], Any]:
        return lambda: solve_problem(problem, solver)

    return take_turns({name: run(solver) for name, solver in solvers.items()})


def quartiles(seconds: np.ndarray) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile in milliseconds."""
    low, middle, high = 1e3 * np.quantile(seconds, (0.25, 0.5, 0.75))
    return float(low), float(middle), float(high)


def time_columns(seconds: Iterable[np.ndarray | None]) -> dict[str, list[float | None]]:
    """Columns of a table: median and quartiles of each row in milliseconds, None where it was not measured."""
    rows = [(None, None, None) if taken is None else quartiles(taken) for taken in seconds]
    names = ("ms, lower quartile", "ms", "ms, upper quartile")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    return {"ms": columns.pop("ms")} | columns


def fastest(seconds: Mapping[str, np.ndarray]) -> list[str]:
    """The name with the least median, then those whose quartiles overlap its own; a single name is the winner."""
    ranges = {name: quartiles(taken) for name, taken in seconds.items()}
    order = sorted(ranges, key=lambda name: ranges[name][1])
    return [name for name in order if ranges[name][0] <= ranges[order[0]][2]]


def device_name() -> str:
    """The device in use, as text."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        if not hasattr(os, "sched_getaffinity"):
            return "CPU"
        cores = len(os.sched_getaffinity(0))
        return f"CPU, {cores} core{'s' * (cores > 1)}"
    return device.device_kind + (f", one of {jax.device_count()}" if jax.device_count() > 1 else "")
