"""Whether an equilibrium depends on where its solve starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from flax import nnx
from jax import Array

from deq.models.inference import solve_cell
from deq.solvers import Solver
from deq.solvers.base import flat


@dataclass(frozen=True)
class PathIndependence:
    """Equilibria reached from two starts. distance: ||z - z'|| / ||z||; cosine of their angle; both (batch,).

    converged: (batch,), whether both solves did; otherwise the other two mean little.
    """

    distance: np.ndarray
    cosine: np.ndarray
    converged: np.ndarray


def path_independence(
    cell: nnx.Module, x: Any, z0: Array, other: Array | np.ndarray, solver: Solver
) -> PathIndependence:
    """Solve from z0 and from `other`, both (batch, ...), and compare the equilibria.

    The cosine is the alignment score of Anil et al. (2022), arXiv:2211.09961.
    """
    one, two = (jax.device_get(solve_cell(cell, x, start, solver)) for start in (z0, other))
    a, b = (np.asarray(flat(found.z), float) for found in (one, two))
    length = np.maximum(np.linalg.norm(a, axis=1), 1e-30)
    size = np.maximum(length * np.linalg.norm(b, axis=1), 1e-30)
    return PathIndependence(
        np.linalg.norm(a - b, axis=1) / length, np.sum(a * b, axis=1) / size, one.converged & two.converged
    )
