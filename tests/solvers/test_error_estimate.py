"""The estimated error against the true one, on affine maps, whose equilibria are known."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from deq import Anderson, Broyden, Picard, error_estimate
from deq.solvers import Solver
from tests.support.problems import jit_solve

pytestmark = pytest.mark.usefixtures("double_precision")

N, SAMPLES = 12, 200


def turned(eigenvalues: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Symmetric matrices (samples, n, n) with the given eigenvalues (samples, n)."""
    q = np.linalg.qr(rng.normal(size=(len(eigenvalues), N, N)))[0]
    return np.einsum("bij,bj,bkj->bik", q, eigenvalues, q)


def matrices(kind: str) -> np.ndarray:
    """Random W, (samples, n, n), of spectral radius 0.3 to 0.99."""
    rng = np.random.default_rng(0)
    radius = rng.uniform(0.3, 0.99, SAMPLES)[:, None]
    if kind == "general":
        w = rng.normal(size=(SAMPLES, N, N))
        return w * (radius / np.abs(np.linalg.eigvals(w)).max(axis=1)[:, None])[..., None]
    if kind == "positive":
        return turned(rng.uniform(0, 1, (SAMPLES, N)) * radius, rng)
    slow = rng.uniform(0, 0.5, (SAMPLES, N))
    slow[:, 0] = 1 - 10 ** rng.uniform(-3, -1, SAMPLES)
    return turned(slow, rng)


def ratio(w: np.ndarray, solver: Solver) -> np.ndarray:
    """Estimated over true distance to the equilibrium of W z + x, (samples,)."""
    x = np.random.default_rng(1).normal(size=(len(w), N))
    found = jit_solve(lambda z: jnp.einsum("bij,bj->bi", jnp.asarray(w), z) + x, jnp.zeros(x.shape), solver)
    assert found.converged.all()
    true = np.linalg.solve(np.eye(N) - w, x[..., None])[..., 0]
    return np.asarray(error_estimate(found) / np.linalg.norm(found.z - true, axis=1))


@pytest.mark.parametrize("kind", ["general", "positive", "slow"])
def test_picard_is_within_a_factor_of_3_for_95_percent(kind: str) -> None:
    found = ratio(matrices(kind), Picard(tol=1e-4, max_nfe=100_000))
    assert np.mean((found > 1 / 3) & (found < 3)) >= 0.95


@pytest.mark.parametrize(
    "solver", [Anderson(tol=1e-6, max_nfe=1000), Broyden(tol=1e-6, max_nfe=1000)], ids=str
)
def test_other_solvers_do_not_exceed_the_error_and_rarely_miss_its_size(solver: Solver) -> None:
    found = ratio(matrices("positive"), solver)
    assert np.mean((found > 1 / 20) & (found < 3)) >= 0.9


def test_one_dimension_is_exact() -> None:
    slope = jnp.array([[0.5], [0.999], [-0.9]])
    found = jit_solve(lambda z: slope * z + 1, jnp.zeros((3, 1)), Picard(tol=1e-3, max_nfe=10_000))
    np.testing.assert_allclose(error_estimate(found), abs(found.z - 1 / (1 - slope))[:, 0], rtol=1e-6)
    assert error_estimate(found)[1] > 500 * found.residual[1]  # what the residual hides


def test_nothing_is_estimated_where_no_rate_is_known() -> None:
    def shifted(z: Array) -> Array:
        return jnp.where(jnp.array([[True], [False]]), z + 1, jnp.zeros_like(z))

    found = jit_solve(shifted, jnp.array([[0.0], [0.0]]), Picard(atol=1e-9, max_nfe=5))
    assert np.isnan(error_estimate(found)).all()  # the residual never changes; the start is the equilibrium
