"""Every example of a set put to a model, one by one: what it said, how sure it was, what that cost, what was left."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
from jax.sharding import Mesh

from deq.devices import everywhere, mesh_here
from deq.models.evaluation import predict
from deq.models.model import EquilibriumModel
from deq.solvers import Solver


@dataclass(frozen=True)
class Census:
    """One row an example. probabilities: (n, classes). nfe: (n,) calls of f. residual: (n,) relative.

    converged: (n,) bool; where it is False there was no equilibrium, and `labels` is a last state's guess.
    """

    probabilities: np.ndarray
    nfe: np.ndarray
    residual: np.ndarray
    converged: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """The most probable class, (n,)."""
        return self.probabilities.argmax(axis=1)

    @property
    def confidence(self) -> np.ndarray:
        """The probability of that class, (n,)."""
        return self.probabilities.max(axis=1)


def take_census(
    model: EquilibriumModel,
    images: np.ndarray,
    solver: Solver,
    batch_size: int = 500,
    devices: int | None = None,
) -> Census:
    """The model's answer to each of the images (n, ...), n > 0, solved in batches of one shape.

    devices: how many of this process's devices may share a batch; all unless given.
    """
    size = min(batch_size, len(images))
    images = np.asarray(images)  # whichever device they are on
    mesh = mesh_here(size if solver.in_parts else 1, devices)
    model, solver = everywhere((model, solver), mesh)
    parts = [_answer(model, images, solver, start, size, mesh) for start in range(0, len(images), size)]
    return Census(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _answer(
    model: EquilibriumModel, images: np.ndarray, solver: Solver, start: int, size: int, mesh: Mesh
) -> tuple[np.ndarray, ...]:
    """The rows from start on, at most size of them; the last batch is filled up, then cut."""
    rows = np.minimum(np.arange(start, start + size), len(images) - 1)
    told = predict(model, images[rows], solver, mesh=mesh)
    probabilities, sol = jax.device_get(told)
    columns = probabilities, sol.nfe, sol.residual, sol.converged
    return tuple(column[: len(images) - start] for column in columns)
