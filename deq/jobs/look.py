"""A model's predictions on a grid while it trains: over an interval or a square."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deq.data import HALF_WIDTH, Task
from deq.models import EquilibriumModel
from deq.models.inference import infer
from deq.solvers import Solver

LINE_POINTS = 241
PLANE_SIDE = 48
PLANE_HALF_WIDTH = 2.5


@dataclass(frozen=True)
class Look:
    """A model's predictions on a grid of inputs.

    x: (n, 1) or (n, 2) inputs. answer: (n,) outputs, or probabilities of class 1. nfe, converged: (n,).
    """

    x: np.ndarray
    answer: np.ndarray
    nfe: np.ndarray
    converged: np.ndarray


def look_at(model: EquilibriumModel, task: Task, solver: Solver) -> Look | None:
    """Predictions over [-3, 3] or [-2.5, 2.5]^2; None if inputs are neither scalars nor points in the plane."""
    shape = task.train.x.shape[1:]
    if shape not in ((1,), (2,)):
        return None
    x = line() if shape == (1,) else plane()
    found = infer(model, x, solver, batch_size=len(x))
    answer = found.probabilities[:, 1] if task.has_labels else found.outputs[:, 0]
    return Look(x, answer, found.nfe, found.converged)


def line() -> np.ndarray:
    """(241, 1) evenly spaced inputs on [-3, 3]."""
    return np.linspace(-HALF_WIDTH, HALF_WIDTH, LINE_POINTS, dtype=np.float32)[:, None]


def plane() -> np.ndarray:
    """(48 * 48, 2) inputs on [-2.5, 2.5]^2, row by row from the bottom."""
    side = np.linspace(-PLANE_HALF_WIDTH, PLANE_HALF_WIDTH, PLANE_SIDE, dtype=np.float32)
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
