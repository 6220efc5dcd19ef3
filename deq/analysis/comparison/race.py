"""Run one solver on one problem: its cost and its residual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deq.analysis.comparison.problem import Problem, solve_problem, trace_problem
from deq.analysis.comparison.timing import measure
from deq.solvers import Solver

TRACE = 500  # iterates kept, enough for the largest budget on the page


@dataclass(frozen=True)
class Run:
    """nfe, residual, converged: (batch,). classes: (batch,) or None. seconds: (repeats,) of the whole batch.

    trace_nfe, trace_residual: (batch, n), up to the last iterate; past a sample's end its NFE is constant and its
    residual NaN.
    """

    nfe: np.ndarray
    residual: np.ndarray
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
        "ms": [1e3 * float(np.median(run.seconds)) for run in rows],
        "ms, spread": [1e3 * float(np.ptp(np.quantile(run.seconds, (0.1, 0.9)))) for run in rows],
        "same class": [_agreement(run.classes, reference) for run in rows],
    }


def _agreement(classes: np.ndarray | None, reference: np.ndarray | None) -> float | None:
    """Fraction of samples with the reference's class; None without classes."""
    return None if classes is None or reference is None else float(np.mean(classes == reference))
