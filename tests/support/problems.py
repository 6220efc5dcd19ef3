"""All solvers, maps whose fixed points are known, and what must hold of every solution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from deq import Solution, solve
from deq.solvers import SOLVERS, Map, Solver, relative_residual
from tests.support.cases import few_of

# A solver that joins the catalogue goes through every test marked with this.
every_solver = pytest.mark.parametrize("solver", [entry.default for entry in SOLVERS.values()], ids=SOLVERS)

# Code that all solvers share is tried on one of ours and on the ODE; `make long` tries it on the others.
TYPICAL = ("Anderson", "ODE flow")
typical_solvers = pytest.mark.parametrize(
    "solver", few_of({name: entry.default for name, entry in SOLVERS.items()}, TYPICAL)
)

ALL = frozenset(SOLVERS)


@dataclass(frozen=True)
class Problem:
    """A map f, its start and its fixed point: z0, z_star (batch, n). solved_by: solvers that must find it, by name."""

    name: str
    f: Callable[[Array], Array] = field(repr=False)
    z0: np.ndarray = field(repr=False)
    z_star: np.ndarray = field(repr=False)
    solved_by: frozenset[str] = ALL


# One program, where `solve` alone compiles each operation outside its loop.
jit_solve = jax.jit(solve, static_argnums=0, static_argnames="trace")


@partial(jax.jit, static_argnums=0)
def solve_and_measure(f: Map, z0: Array, solver: Solver) -> tuple[Solution, Array]:
    """The solution, and the relative residual of its z measured again."""
    found = solve(f, z0, solver)
    return found, relative_residual(found.z, f(found.z))


def assert_honest(solution: Solution, measured: Array, solver: Solver) -> None:
    """The residual is that of z, at most tol where converged, and nfe is within max_nfe."""
    eps = jnp.finfo(solution.residual.dtype).eps
    np.testing.assert_allclose(solution.residual, measured, rtol=4 * eps**0.5, atol=8 * eps)
    solution = jax.device_get(solution)
    assert (~solution.converged | (solution.residual <= solver.tol)).all()
    assert (solution.nfe >= 1).all()
    assert (solution.nfe <= solver.max_nfe).all()
    assert np.isfinite(solution.z).all()


def affine(name: str, matrix: np.ndarray, offset: np.ndarray, solved_by: frozenset[str] = ALL) -> Problem:
    """f(z) = A z + b for a batch of offsets b: (batch, n); z* = (I - A)^{-1} b."""
    z_star = np.linalg.solve(np.eye(len(matrix)) - matrix, offset.T).T

    def f(z: Array) -> Array:
        return z @ jnp.asarray(matrix.T, z.dtype) + jnp.asarray(offset, z.dtype)

    return Problem(name, f, np.zeros_like(offset), z_star, solved_by)


def contraction(n: int = 6, size: float = 0.7) -> Problem:
    """An affine map of spectral norm `size`, for a batch of 3."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(n, n))
    return affine("contraction", size * matrix / np.linalg.norm(matrix, 2), rng.normal(size=(3, n)))


def rotation() -> Problem:
    """40 dimensions, eigenvalues 0.5 +- i w with w from 0.1 to 3: most solvers fail on this spiral."""
    matrix = np.zeros((40, 40))
    for k, w in enumerate(np.linspace(0.1, 3, 20)):
        matrix[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = [[0.5, -w], [w, 0.5]]
    return affine("rotation", matrix, np.ones((1, 40)), frozenset({"Newton-Krylov", "ODE flow"}))


def logistic(z: Array) -> Array:
    """Chaotic; the fixed point 1 - 1 / 3.9 has slope -1.9."""
    return 3.9 * z * (1 - z)


def lines(z: Array) -> Array:
    """a z + b with a different slope per sample: z* = b / (1 - a) = 2, 4 and 10."""
    return jnp.array([[0.5], [0.25], [0.9]], z.dtype) * z + jnp.array([[1.0], [3.0], [1.0]], z.dtype)


def numbers(*values: float) -> np.ndarray:
    """A batch of states of one number each."""
    return np.array(values)[:, None]


KNOWN = [
    contraction(),
    rotation(),
    affine("steep", numbers(-3.0), numbers(4.0), ALL - {"Picard", "damped Picard"}),
    affine("growing", numbers(1.05), numbers(1.0), frozenset({"Anderson", "Broyden", "Newton-Krylov"})),
    Problem("cosine", jnp.cos, numbers(0.0), numbers(0.7390851332151607)),
    Problem("logistic", logistic, numbers(0.4), numbers(1 - 1 / 3.9), ALL - {"Picard"}),
    Problem("lines", lines, np.zeros((3, 1)), numbers(2.0, 4.0, 10.0)),
]
