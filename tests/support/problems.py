"""Maps whose fixed points are known, to hold every solver against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import jax.numpy as jnp
import numpy as np
from jax import Array


@dataclass(frozen=True)
class Problem:
    """f with its start and its fixed point: z0, z_star (batch, n). solved_by: the solvers that must find it."""

    name: str
    f: Callable[[Array], Array] = field(repr=False)
    z0: np.ndarray = field(repr=False)
    z_star: np.ndarray = field(repr=False)
    solved_by: frozenset[str]


ALL = frozenset({"picard", "damped", "anderson", "broyden", "newton", "ode"})


def affine(name: str, matrix: np.ndarray, offset: np.ndarray, solved_by: frozenset[str] = ALL) -> Problem:
    """f(z) = A z + b for a batch of offsets b: (batch, n); z* = (I - A)^{-1} b."""
    z_star = np.linalg.solve(np.eye(len(matrix)) - matrix, offset.T).T

    def f(z: Array) -> Array:
        return z @ jnp.asarray(matrix.T, z.dtype) + jnp.asarray(offset, z.dtype)

    return Problem(name, f, np.zeros_like(offset), z_star, solved_by)


def scalar(
    name: str, f: Callable[[Array], Array], z0: float, z_star: float, solved_by: frozenset[str] = ALL
) -> Problem:
    """A map of one number, as a batch of one."""
    return Problem(name, f, np.array([[z0]]), np.array([[z_star]]), solved_by)


def contraction(n: int = 6, batch: int = 3, size: float = 0.7, seed: int = 0) -> Problem:
    """An affine map of spectral norm `size`."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(n, n))
    return affine("contraction", size * matrix / np.linalg.norm(matrix, 2), rng.normal(size=(batch, n)))


def rotation() -> Problem:
    """40 dimensions, eigenvalues 0.5 +- i w with w from 0.1 to 3: a spiral that few solvers follow."""
    matrix = np.zeros((40, 40))
    for k, w in enumerate(np.linspace(0.1, 3, 20)):
        matrix[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = [[0.5, -w], [w, 0.5]]
    return affine("rotation", matrix, np.ones((1, 40)), frozenset({"newton", "ode"}))


def logistic(z: Array) -> Array:
    """Chaotic; its fixed point 1 - 1 / 3.9 has slope -1.9."""
    return 3.9 * z * (1 - z)


def omega(z: Array) -> Array:
    """exp(-z) = z at the omega constant."""
    return jnp.exp(-z)


def lines(z: Array) -> Array:
    """a z + b with a slope of its own for each sample: z* = b / (1 - a) = 2, 4 and 10."""
    return jnp.array([[0.5], [0.25], [0.9]], z.dtype) * z + jnp.array([[1.0], [3.0], [1.0]], z.dtype)


KNOWN = [
    contraction(),
    rotation(),
    affine("steep", np.array([[-3.0]]), np.array([[4.0]]), ALL - {"picard", "damped"}),
    affine("growing", np.array([[1.05]]), np.array([[1.0]]), frozenset({"anderson", "broyden", "newton"})),
    scalar("cosine", jnp.cos, 0.0, 0.7390851332151607),
    scalar("omega", omega, 1.0, 0.5671432904097838),
    scalar("logistic", logistic, 0.4, 1 - 1 / 3.9, ALL - {"picard"}),
    # The closed forms that banax's and NLsolve's own tests use.
    Problem("lines", lines, np.zeros((3, 1)), np.array([[2.0], [4.0], [10.0]]), ALL),
    affine("exchange", np.array([[0.0, 0.25], [0.25, 0.0]]), np.array([[1.0, 2.0]])),
    affine("diagonal", np.diag([0.5, 0.2]), np.array([[1.0, 2.0]])),
]
