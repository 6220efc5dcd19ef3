"""The race: one solver on one problem, its cost and its residual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deq.analysis.comparison.problem import Problem, trace_problem
from deq.analysis.comparison.timings import time_columns
from deq.solvers import Solver, error_estimate, norm

TRACE = 500  # iterates kept, enough for the largest budget on the page


@dataclass(frozen=True)
class Run:
    """One solver's run.

    nfe, residual, converged: (batch,). error: (batch,), the estimated ||z - z*|| / ||z||, NaN where unknown.

    classes: (batch,) or None.

    trace_nfe, trace_residual: (batch, n), up to the last iterate; past a sample's end its NFE is constant and its
    residual NaN.
    """

    nfe: np.ndarray
    residual: np.ndarray
    error: np.ndarray
    converged: np.ndarray
    classes: np.ndarray | None
    trace_nfe: np.ndarray
    trace_residual: np.ndarray


def race(problem: Problem, solver: Solver) -> Run:
    """Solve and trace; for its time see `time_solvers`."""
    found, *trace = trace_problem(problem, solver, TRACE)
    nfe, residual = (np.asarray(values, float) for values in trace)
    used = max(int(np.isfinite(residual).sum(axis=1).max(initial=1)), 1)
    return Run(
        np.asarray(found.nfe),
        np.asarray(found.residual),
        np.asarray(error_estimate(found) / norm(found.z)),
        np.asarray(found.converged),
        problem.classes(found.z),
        nfe[:, :used],
        residual[:, :used],
    )


def race_table(
    runs: Mapping[str, Run], seconds: Mapping[str, np.ndarray], reference: np.ndarray | None
) -> dict[str, list[Any]]:
    """One row per solver. seconds: of `time_solvers`, empty if not measured.

    reference: (batch,) classes at the reference equilibrium, or None.
    """
    rows = runs.values()
    return {
        "solver": list(runs),
        "NFE, median": [float(np.median(run.nfe)) for run in rows],
        "NFE, max": [int(run.nfe.max()) for run in rows],
        "converged": [float(run.converged.mean()) for run in rows],
        "residual, median": [float(np.median(run.residual)) for run in rows],
        "error, median": [float(np.median(run.error)) for run in rows],
        **time_columns(seconds.get(name) for name in runs),
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


def efforts(run: Run, labels: np.ndarray | None) -> Effort:
    """The cost and result of each sample of a race."""
    return Effort(run.nfe, run.residual, run.converged, run.classes, labels)


def effort_table(effort: Effort) -> dict[str, list[Any]]:
    """One row per sample, the easiest first."""
    order = effort.order
    table = {"sample": order.tolist(), "NFE": effort.nfe[order].tolist()}
    table |= {"residual": effort.residual[order].tolist(), "converged": effort.converged[order].tolist()}
    if effort.classes is not None:
        table["class"] = effort.classes[order].tolist()
    return table | ({} if effort.labels is None else {"label": effort.labels[order].tolist()})
