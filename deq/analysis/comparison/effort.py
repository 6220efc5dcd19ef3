"""Which samples of a batch are easy and which are hard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deq.analysis.comparison.problem import Problem, solve_problem
from deq.solvers import Solver

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
