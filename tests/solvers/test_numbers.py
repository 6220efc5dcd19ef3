"""Random solves, some hostile: no false convergence, no NaN, no hang. `make soak` tries 10,000 more."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from deq import Solution
from deq.solvers import GMRES, Anderson, Dense, LinearSolver, Solver, solve_linear
from tests.support.random_solves import SOLVERS, true_residual, violations

COUNT = 25  # solves per solver, 200 in all


@pytest.mark.parametrize("name", SOLVERS)
def test_random_solves_are_honest(name: str) -> None:
    with jax.enable_x64(True):
        assert violations(name, seed=2**20, count=COUNT, dtype=np.float64) == []


def test_true_residual_neither_overflows_nor_underflows() -> None:
    """In float32 the first two would be 0."""
    z = np.array([[1.9e19, 1.9e19], [1e-25, 1e-25], [2.0, 0.0]], np.float32)
    f_z = np.array([[2e19, 2e19], [1e-25, 2e-25], [2.0, 0.0]], np.float32)
    assert true_residual(z, f_z) == pytest.approx([0.05, 1e-17, 0], rel=1e-5)


def test_a_right_hand_side_near_the_largest_float_is_solved() -> None:
    """The reciprocal of its size underflows in float32: scaled by it, g would be 0, with 0 as its exact solution."""
    g = jnp.array([[2.5e38, -1e38], [1e-38, 0.0]], jnp.float32)

    @jax.jit
    def run(g: Array, solver: Solver | LinearSolver) -> Solution:
        _, derivative = jax.linearize(lambda u: -0.25 * u, jnp.zeros_like(g))
        return solve_linear(derivative, g, solver)

    for solver in (GMRES(), Dense(), Anderson()):
        found = run(g, solver)
        assert found.converged.all()
        np.testing.assert_allclose(np.asarray(found.z[0], float), np.array([2.5e38, -1e38]) / 1.25, rtol=1e-4)
