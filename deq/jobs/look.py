"""Looking at a model while it trains: its answers over the line or the plane."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
from flax import nnx
from jax import Array

from deq.data import HALF_WIDTH, Task
from deq.models import EquilibriumModel
from deq.solvers import Solver

LINE_POINTS = 241
PLANE_SIDE = 48
PLANE_HALF_WIDTH = 2.5


@dataclass(frozen=True)
class Look:
    """A model's answers on a grid of inputs.

    x: (n, 1) or (n, 2) inputs; answer: (n,) the output, or the probability of class 1. nfe, converged: (n,).
    """

    x: np.ndarray
    answer: np.ndarray
    nfe: np.ndarray
    converged: np.ndarray


def look_at(model: EquilibriumModel, task: Task, solver: Solver) -> Look | None:
    """The model's answers over [-3, 3] or the square of side 5; None for inputs that are no number or point."""
    shape = task.train.x.shape[1:]
    if shape not in ((1,), (2,)):
        return None
    x = line() if shape == (1,) else plane()
    outputs, nfe, converged = jax.device_get(_answers(*nnx.split(model), x, solver))
    answer = _softmax(outputs)[:, 1] if task.has_labels else outputs[:, 0]
    return Look(x, answer, nfe, converged)


def line() -> np.ndarray:
    """(241, 1) inputs, even on [-3, 3]."""
    return np.linspace(-HALF_WIDTH, HALF_WIDTH, LINE_POINTS, dtype=np.float32)[:, None]


def plane() -> np.ndarray:
    """(48 * 48, 2) inputs, row by row from the bottom."""
    side = np.linspace(-PLANE_HALF_WIDTH, PLANE_HALF_WIDTH, PLANE_SIDE, dtype=np.float32)
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


@jax.jit(static_argnums=0)
def _answers(graph: nnx.GraphDef, variables: nnx.State, x: Array, solver: Solver) -> tuple[Array, ...]:
    outputs, solution = nnx.merge(graph, variables)(x, solver)
    return outputs, solution.nfe, solution.converged


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
