"""Work-precision: the true error of a solver at each tolerance, and its cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from deq.analysis.comparison.problem import Problem, solve_problem, to_float64
from deq.analysis.comparison.reference import Reference, relative_error
from deq.analysis.comparison.timings import take_turns, time_columns
from deq.solvers import Solution, Solver

TOLERANCES = tuple(10.0**-k for k in range(1, 8))


@dataclass(frozen=True)
class WorkPrecision:
    """One solver over n tolerances.

    tol: (n,). error: (n, batch) ||z - z*|| / ||z*||. nfe: (n, batch). converged: (n, batch).
    """

    tol: np.ndarray
    error: np.ndarray
    nfe: np.ndarray
    converged: np.ndarray


def work_precision(
    problem: Problem, solver: Solver, reference: Reference, double: bool = False
) -> WorkPrecision:
    """Solve at each of TOLERANCES in float32 or, if double, float64; compiled once.

    For its time see `time_precision`.
    """
    with jax.enable_x64(double):
        posed = to_float64(problem) if double else problem
        points = [_point(posed, replace(solver, tol=tol), reference) for tol in TOLERANCES]
    return WorkPrecision(np.array(TOLERANCES), *(np.stack(column) for column in zip(*points, strict=True)))


def _point(problem: Problem, solver: Solver, reference: Reference) -> tuple[np.ndarray, ...]:
    found = solve_problem(problem, solver)
    error = relative_error(np.asarray(found.z), reference)
    return error, np.asarray(found.nfe), np.asarray(found.converged)


def time_precision(
    problem: Problem, solvers: Mapping[str, Solver], double: bool = False
) -> dict[str, np.ndarray]:
    """Seconds for the whole batch at each of TOLERANCES, (n, rounds), all solvers and tolerances taking turns."""
    with jax.enable_x64(double):
        posed = to_float64(problem) if double else problem
        pairs = [(name, tol) for name in solvers for tol in TOLERANCES]
        seconds = take_turns({pair: _solving(posed, solvers[pair[0]], pair[1]) for pair in pairs})
    return {name: np.stack([seconds[name, tol] for tol in TOLERANCES]) for name in solvers}


def _solving(problem: Problem, solver: Solver, tol: float) -> Callable[[], Solution]:
    return lambda: solve_problem(problem, replace(solver, tol=tol))


def precision_table(
    curves: Mapping[str, WorkPrecision], seconds: Mapping[str, np.ndarray]
) -> dict[str, list[Any]]:
    """One row per solver and tolerance; medians over samples. seconds: of `time_precision`, empty if not measured."""
    rows = [(name, curve, i) for name, curve in curves.items() for i in range(len(curve.tol))]
    return {
        "solver": [name for name, _, _ in rows],
        "tolerance": [float(c.tol[i]) for _, c, i in rows],
        "error, median": [known_median(c.error[i]) for _, c, i in rows],
        "NFE, median": [float(np.median(c.nfe[i])) for _, c, i in rows],
        **time_columns(seconds[name][i] if name in seconds else None for name, _, i in rows),
        "converged": [float(c.converged[i].mean()) for _, c, i in rows],
    }


def known_median(values: np.ndarray) -> float:
    """The median of the finite values, NaN if there are none."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")
