"""Monotone cells: monotone for any weights, and solved by Peaceman-Rachford splitting."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array

from deq import Anderson, Implicit, NewtonKrylov, ODEFlow, Picard, equilibrium, solve
from deq.cells import MonotoneCell, MonotoneConv, MonotoneDense
from deq.solvers import GMRES, Solver, relative_residual
from deq.solvers.splitting import solve_splitting
from tests.support.cases import long
from tests.support.problems import jit_solve

pytestmark = pytest.mark.usefixtures("double_precision")

SHAPES = {"dense": (3, 12), "conv": (2, 6, 5, 4)}


def build(kind: str, m: float = 0.5, scale: float = 1.0) -> tuple[MonotoneCell, Array]:
    """A cell with weights scaled by `scale`, and an injection."""
    rngs = nnx.Rngs(3)
    cell = MonotoneDense(12, m, rngs=rngs) if kind == "dense" else MonotoneConv(4, m=m, rngs=rngs)
    for weight in (cell.a, cell.b):
        weight[...] = scale * weight[...].astype(jnp.float64)
    return cell, jnp.asarray(np.random.default_rng(0).normal(size=SHAPES[kind]))


def as_matrix(linear: Callable[[Array], Array], shape: tuple[int, ...]) -> np.ndarray:
    """A linear map of one state as a matrix: column i is the image of unit vector i."""
    n = int(np.prod(shape[1:]))
    return np.asarray(linear(jnp.eye(n).reshape(n, *shape[1:])).reshape(n, n).T)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_identity_minus_w_is_monotone_for_any_weights(kind: str, scale: float) -> None:
    cell, x = build(kind, m=0.5, scale=scale)
    w = as_matrix(cell.weight(), x.shape)
    assert np.linalg.eigvalsh(np.eye(len(w)) - (w + w.T) / 2)[0] >= 0.5 - 1e-9


@pytest.mark.parametrize("kind", SHAPES)
def test_resolvent_is_the_inverse(kind: str) -> None:
    cell, x = build(kind, scale=3.0)
    w = as_matrix(cell.weight(), x.shape)
    inverse = as_matrix(cell.resolvent(0.7, x.shape), x.shape)
    identity = np.eye(len(w))
    np.testing.assert_allclose(inverse @ (identity + 0.7 * (identity - w)), identity, atol=1e-9)


# One program, where `solve_splitting` alone compiles each operation outside its loop.
split_solve = jax.jit(solve_splitting, static_argnums=0, static_argnames="trace")


@cache
def exact_equilibrium(kind: str) -> Array:
    cell, x = build(kind)
    newton = NewtonKrylov(tol=1e-12, max_nfe=3000, krylov=40)
    found = jit_solve(lambda z: cell(z, x), jnp.zeros_like(x), newton)
    assert found.converged.all()
    return found.z


@pytest.mark.parametrize("kind", ["dense", long("conv")])
@pytest.mark.parametrize(
    "solver",
    [Picard(tol=1e-9, max_nfe=5000), Anderson(tol=1e-9, max_nfe=500), ODEFlow(tol=1e-9, max_nfe=9000)],
    ids=str,
)
def test_the_splitting_finds_the_unique_equilibrium(kind: str, solver: Solver) -> None:
    cell, x = build(kind)
    found = split_solve(cell.peaceman_rachford(0.5), x, jnp.ones_like(x), solver)
    np.testing.assert_allclose(found.z, exact_equilibrium(kind), atol=1e-6)
    np.testing.assert_allclose(found.residual, relative_residual(found.z, cell(found.z, x)), rtol=1e-4)
    np.testing.assert_array_equal(found.converged, found.residual <= solver.tol)


def test_peaceman_rachford_contracts_where_the_cell_itself_does_not() -> None:
    cell, x = build("dense", m=1.0, scale=4.0)
    plain = jit_solve(lambda z: cell(z, x), jnp.zeros_like(x), Picard(tol=1e-6, max_nfe=2000))
    assert not plain.converged.any()
    found = split_solve(cell.peaceman_rachford(0.1), x, jnp.zeros_like(x), Picard(tol=1e-8, max_nfe=2000))
    assert (found.residual <= 1e-6).all()


def test_trace_of_a_splitting_shows_the_cell() -> None:
    cell, x = build("dense")
    found = split_solve(
        cell.peaceman_rachford(0.05), x, jnp.ones_like(x), Picard(tol=1e-6, max_nfe=500), trace=4
    )
    assert found.trace is not None
    assert found.trace.z.shape == (3, 4, 12)
    for k in range(4):
        z = found.trace.z[:, k]
        np.testing.assert_allclose(found.trace.residual[:, k], relative_residual(z, cell(z, x)))


@pytest.mark.long
def test_gradient_through_a_split_solve() -> None:
    """The splitting's z is the start of `equilibrium`, whose gradient (GMRES) is compared with finite differences."""
    cell, x = build("dense")

    def loss(x: Array) -> Array:
        held = jax.lax.stop_gradient(x)
        start = solve_splitting(cell.peaceman_rachford(0.5), held, jnp.zeros_like(x), Anderson(tol=1e-13)).z
        solution = equilibrium(cell, x, start, Anderson(tol=1e-10), Implicit(GMRES(tol=1e-10)))
        return jnp.sum(jnp.sin(solution.z))

    direction = jnp.asarray(np.random.default_rng(5).normal(size=x.shape))
    step = 1e-6 * direction
    value = jax.jit(loss)
    difference = (value(x + step) - value(x - step)) / 2e-6
    assert jnp.vdot(jax.jit(jax.grad(loss))(x), direction) == pytest.approx(float(difference), rel=1e-5)


def test_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="margin"):
        MonotoneDense(4, 0.0, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="odd"):
        MonotoneConv(4, size=4, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="alpha"):
        MonotoneDense(4, rngs=nnx.Rngs(0)).peaceman_rachford(0.0)


@pytest.mark.long
def test_m_is_a_matter_of_scale() -> None:
    """m, A, B and x have the equilibrium of 1, A / sqrt(m), B / m and x / m; damping by 1 / m finds it."""
    cell, x = build("dense", m=20.0)
    plain, _ = build("dense", m=1.0)
    plain.a[...], plain.b[...] = cell.a[...] / np.sqrt(20), cell.b[...] / 20
    solver = Anderson(tol=1e-12, max_nfe=300)
    found = solve(lambda z: plain(z, x / 20), jnp.zeros_like(x), solver)
    assert found.converged.all()
    np.testing.assert_allclose(cell(found.z, x), found.z, atol=1e-11)
    damped = solve(lambda z: cell(z, x), jnp.zeros_like(x), Picard(tol=1e-9, damping=1 / 20))
    np.testing.assert_allclose(damped.z, found.z, atol=1e-8)
    assert not solve(lambda z: cell(z, x), jnp.zeros_like(x), Picard(tol=1e-9)).converged.any()
