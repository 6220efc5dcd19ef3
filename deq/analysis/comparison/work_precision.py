"""Work-precision: the true error of a solver at each tolerance, and its cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from deq.analysis.comparison.problem import Problem, solve_problem, to_float64
from deq.analysis.comparison.reference import Reference, relative_error
from deq.analysis.comparison.timings import measure
from deq.solvers import Solver

TOLERANCES = tuple(10.0**-k for k in range(1, 8))
REPEATS = 5


@dataclass(frozen=True)
class WorkPrecision:
    """One solver over n tolerances.

    tol: (n,). error: (n, batch) ||z - z*|| / ||z*||. nfe: (n, batch). converged: (n, batch). seconds: (n, repeats).
    """

    tol: np.ndarray
    error: np.ndarray
    nfe: np.ndarray
    converged: np.ndarray
    seconds: np.ndarray


def work_precision(
    problem: Problem, solver: Solver, reference: Reference, double: bool = False
) -> WorkPrecision:
    """Solve at each of TOLERANCES in float32 or, if double, float64; compiled once."""
    with jax.enable_x64(double):
        posed = to_float64(problem) if double else problem
        points = [_point(posed, replace(solver, tol=tol), reference) for tol in TOLERANCES]
    return WorkPrecision(np.array(TOLERANCES), *(np.stack(column) for column in zip(*points, strict=True)))


def _point(problem: Problem, solver: Solver, reference: Reference) -> tuple[np.ndarray, ...]:
    seconds = measure(lambda: solve_problem(problem, solver), REPEATS)
    found = solve_problem(problem, solver)
    error = relative_error(np.asarray(found.z), reference)
    return error, np.asarray(found.nfe), np.asarray(found.converged), seconds


def precision_table(curves: dict[str, WorkPrecision]) -> dict[str, list[Any]]:
    """One row per solver and tolerance; medians over samples and repeats."""
    rows = [(name, curve, i) for name, curve in curves.items() for i in range(len(curve.tol))]
    return {
        "solver": [name for name, _, _ in rows],
        "tolerance": [float(c.tol[i]) for _, c, i in rows],
        "error, median": [_median(c.error[i]) for _, c, i in rows],
        "NFE, median": [float(np.median(c.nfe[i])) for _, c, i in rows],
        "ms": [1e3 * float(np.median(c.seconds[i])) for _, c, i in rows],
        "converged": [float(c.converged[i].mean()) for _, c, i in rows],
    }


def _median(values: np.ndarray) -> float:
    """The median of the finite values, NaN if there are none."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")
