"""The race: one problem, one solver, its cost and what it left over; with timings that can be quoted."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from deq.analysis.comparison.problem import Problem, solve_problem, trace_problem
from deq.solvers import Solver, error_estimate, norm

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


TRACE = 500  # iterates kept, enough for the largest budget on the page


@dataclass(frozen=True)
class Run:
    """nfe, residual, converged: (batch,). error: (batch,), the estimated ||z - z*|| / ||z||, NaN where unknown.

    classes: (batch,) or None. seconds: (repeats,) of the whole batch.

    trace_nfe, trace_residual: (batch, n), up to the last iterate; past a sample's end its NFE is constant and its
    residual NaN.
    """

    nfe: np.ndarray
    residual: np.ndarray
    error: np.ndarray
    converged: np.ndarray
    classes: np.ndarray | None
    seconds: np.ndarray
    trace_nfe: np.ndarray
    trace_residual: np.ndarray

    @property
    def trace_milliseconds(self) -> np.ndarray:
        """Time at each iterate: the batch is solved in lockstep, so time is proportional to NFE."""
        return 1e3 * np.median(self.seconds) * self.trace_nfe / max(self.nfe.max(initial=1), 1)


def race(problem: Problem, solver: Solver) -> Run:
    """Solve, time and trace; the timed program keeps no trace."""
    seconds = measure(lambda: solve_problem(problem, solver))
    found = solve_problem(problem, solver)
    nfe, residual = (np.asarray(values, float) for values in trace_problem(problem, solver, TRACE))
    used = max(int(np.isfinite(residual).sum(axis=1).max(initial=1)), 1)
    return Run(
        np.asarray(found.nfe),
        np.asarray(found.residual),
        np.asarray(error_estimate(found) / norm(found.z)),
        np.asarray(found.converged),
        problem.classes(found.z),
        seconds,
        nfe[:, :used],
        residual[:, :used],
    )


def race_table(runs: Mapping[str, Run], reference: np.ndarray | None) -> dict[str, list[Any]]:
    """One row per solver. reference: (batch,) classes at the reference equilibrium, or None."""
    rows = runs.values()
    return {
        "solver": list(runs),
        "NFE, median": [float(np.median(run.nfe)) for run in rows],
        "NFE, most": [int(run.nfe.max()) for run in rows],
        "converged": [float(run.converged.mean()) for run in rows],
        "residual, median": [float(np.median(run.residual)) for run in rows],
        "error, median": [float(np.median(run.error)) for run in rows],
        "ms": [1e3 * float(np.median(run.seconds)) for run in rows],
        "ms, spread": [1e3 * float(np.ptp(np.quantile(run.seconds, (0.1, 0.9)))) for run in rows],
        "same class": [_agreement(run.classes, reference) for run in rows],
    }


def _agreement(classes: np.ndarray | None, reference: np.ndarray | None) -> float | None:
    """Fraction of samples with the reference's class; None without classes."""
    return None if classes is None or reference is None else float(np.mean(classes == reference))


SHOWN = 8


@dataclass(frozen=True)
class Effort:
    """NFE, relative residual, convergence, predicted class and true label of each sample, all (batch,)."""

    nfe: np.ndarray
    residual: np.ndarray
    converged: np.ndarray
    classes: np.ndarray | None
    labels: np.ndarray | None

    @property
    def order(self) -> np.ndarray:
        """Samples from easiest to hardest: by NFE, then residual; unconverged ones last."""
        return np.lexsort((self.residual, self.nfe, ~self.converged))


def efforts(problem: Problem, solver: Solver) -> Effort:
    """Solve the batch once and record the effort of each sample."""
    found = solve_problem(problem, solver)
    nfe, residual, converged = (np.asarray(v) for v in (found.nfe, found.residual, found.converged))
    return Effort(nfe, residual, converged, problem.classes(found.z), problem.labels)


def effort_table(effort: Effort) -> dict[str, list[Any]]:
    """One row per sample, the easiest first."""
    order = effort.order
    table = {"sample": order.tolist(), "NFE": effort.nfe[order].tolist()}
    table |= {"residual": effort.residual[order].tolist(), "converged": effort.converged[order].tolist()}
    if effort.classes is not None:
        table["class"] = effort.classes[order].tolist()
    return table | ({} if effort.labels is None else {"label": effort.labels[order].tolist()})
