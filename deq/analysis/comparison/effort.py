"""In the batch: who is easy and who is hard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deq.analysis.comparison.problem import Problem, solve_problem
from deq.solvers import Solver

SHOWN = 8


@dataclass(frozen=True)
class Effort:
    """Calls of f and relative residual of each sample, (batch,), whether it converged, its class and the truth."""

    nfe: np.ndarray
    residual: np.ndarray
    converged: np.ndarray
    classes: np.ndarray | None
    labels: np.ndarray | None

    @property
    def order(self) -> np.ndarray:
        """Samples from the easiest to the hardest: unsolved ones last, equal NFE by residual."""
        return np.lexsort((self.residual, self.nfe, ~self.converged))


def efforts(problem: Problem, solver: Solver) -> Effort:
    """Solve the batch once."""
    found = solve_problem(problem, solver)
    nfe, residual, converged = (np.asarray(v) for v in (found.nfe, found.residual, found.converged))
    return Effort(nfe, residual, converged, problem.classes(found.z), problem.labels)


def effort_table(effort: Effort) -> dict[str, list[Any]]:
    """One row a sample, the easiest first."""
    order = effort.order
    table = {"sample": order.tolist(), "NFE": effort.nfe[order].tolist()}
    table |= {"residual": effort.residual[order].tolist(), "converged": effort.converged[order].tolist()}
    if effort.classes is not None:
        table["class"] = effort.classes[order].tolist()
    return table | ({} if effort.labels is None else {"label": effort.labels[order].tolist()})
