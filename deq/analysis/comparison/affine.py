"""Affine cells with known eigenvalues, on which the behaviour of every solver is known."""

import numpy as np
from flax import nnx
from jax import Array
from jax import numpy as jnp

from deq.models.model import EquilibriumModel, identity

DIMENSION = 40


class AffineCell(nnx.Module):
    """f(z, x) = W z + x, so df/dz = W everywhere and z* = (I - W)^{-1} x. z, x: (batch, n); weights: (n, n)."""

    def __init__(self, weights: np.ndarray) -> None:
        self.weights = nnx.Param(jnp.asarray(weights, jnp.float32))

    def __call__(self, z: Array, x: Array) -> Array:
        return z @ self.weights[...].T + x


def random_matrix(radius: float, seed: int, n: int = DIMENSION) -> np.ndarray:
    """Independent normal entries, scaled to spectral radius `radius`; the eigenvalues fill the disc. (n, n)."""
    matrix = np.random.default_rng(seed).normal(size=(n, n))
    return radius / np.max(np.abs(np.linalg.eigvals(matrix))) * matrix


def spiral_matrix() -> np.ndarray:
    """Eigenvalues 0.5 +- i w, w from 0.1 to 3: under the flow every direction spirals in. (n, n), n = DIMENSION."""
    matrix = np.zeros((DIMENSION, DIMENSION))
    for k, w in enumerate(np.linspace(0.1, 3, DIMENSION // 2)):
        matrix[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = [[0.5, -w], [w, 0.5]]
    return matrix


def affine_model(weights: np.ndarray) -> EquilibriumModel:
    """The cell W z + x as a model: inputs are injections, the output is z*."""
    return EquilibriumModel(identity, AffineCell(weights), identity)
