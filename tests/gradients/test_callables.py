"""States of several arrays and cells of every kind, against one array and an unroll."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from deq import Anderson, Implicit, NewtonKrylov, Phantom, Picard, ThroughODE, equilibrium
from deq.gradients import Gradient
from deq.solvers import Solver
from tests.support.cases import long
from tests.support.problems import jit_solve

pytestmark = pytest.mark.usefixtures("double_precision")

TIGHT = Picard(tol=1e-12, max_nfe=200)
X = np.random.default_rng(0).normal(size=(3, 4))
W = np.random.default_rng(1).normal(size=(4, 4)) / 6
Start = dict[str, Array]


def wide_and_narrow(w: Array, z: Start, x: Array) -> Start:
    """Two variables that need each other: of 4 entries, and of 2 x 1."""
    wide = jnp.tanh(z["wide"] @ w + z["narrow"].reshape(-1, 2) @ w[:2]) + x
    return {"narrow": 0.5 * jnp.cos(z["wide"] @ w[:, :2]).reshape(-1, 2, 1), "wide": wide}


START = {"narrow": np.zeros((3, 2, 1)), "wide": np.zeros((3, 4))}  # NumPy: double precision begins in a test


def as_one(w: Array, z: Array, x: Array) -> Array:
    """The same map on (batch, 6)."""
    found = wide_and_narrow(w, {"narrow": z[:, :2, None], "wide": z[:, 2:]}, x)
    return jnp.concatenate([found["narrow"][..., 0], found["wide"]], axis=1)


@pytest.mark.parametrize("solver", [Anderson(), long(NewtonKrylov())], ids=str)
def test_a_state_of_several_arrays_is_solved_as_one(solver: Solver) -> None:
    found = jit_solve(lambda z: wide_and_narrow(W, z, X), START, solver, trace=4)
    one = jit_solve(lambda z: as_one(W, z, X), jnp.zeros((3, 6)), solver, trace=4)
    np.testing.assert_array_equal(found.nfe, one.nfe)
    np.testing.assert_allclose(found.z["narrow"][..., 0], one.z[:, :2], atol=1e-12)
    np.testing.assert_allclose(found.z["wide"], one.z[:, 2:], atol=1e-12)
    np.testing.assert_allclose(found.residual, one.residual, rtol=1e-6)
    assert found.trace is not None
    assert one.trace is not None
    np.testing.assert_allclose(found.trace.z["wide"], one.trace.z[..., 2:], atol=1e-12)
    assert found.trace.z["narrow"].shape == (3, 4, 2, 1)


GRADIENTS = [Implicit(TIGHT), Phantom(60), long(ThroughODE(60.0, 1e-9, 1024))]


def value(z: Any) -> Array:
    return sum(
        jnp.sum(jnp.sin(leaf) * (1 + jnp.arange(leaf.size).reshape(leaf.shape)))
        for leaf in jax.tree.leaves(z)
    )


@pytest.mark.parametrize("gradient", GRADIENTS, ids=lambda g: type(g).__name__)
def test_gradients_through_several_arrays(gradient: Gradient) -> None:
    """The cell is a plain function that closes over its weights."""

    def loss(w: Array, x: Array) -> Array:
        return value(equilibrium(lambda z, x: wide_and_narrow(w, z, x), x, START, TIGHT, gradient).z)

    def unrolled(w: Array, x: Array) -> Array:
        return value(jax.lax.scan(lambda z, _: (wide_and_narrow(w, z, x), None), START, length=100)[0])

    found, wanted = (jax.jit(jax.grad(f, (0, 1)))(W, X) for f in (loss, unrolled))
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5 if isinstance(gradient, ThroughODE) else 1e-9)


class EquinoxCell(eqx.Module):
    weights: Array
    activation: Callable[[Array], Array]

    def __call__(self, z: Array, x: Array) -> Array:
        return self.activation(z @ self.weights) + x


def layer(weights: Array, z: Array, x: Array) -> Array:
    return jnp.tanh(z @ weights) + x


CELLS: dict[str, Callable[[Array], Callable[[Array, Array], Array]]] = {
    "equinox": lambda w: EquinoxCell(w, jnp.tanh),
    "partial": lambda w: jax.tree_util.Partial(layer, w),
    "closure": lambda w: lambda z, x: layer(w, z, x),
}


@cache
def unrolled_derivatives() -> dict[Callable[..., Any], Array]:
    def unrolled(w: Array) -> Array:
        return value(jax.lax.scan(lambda z, _: (layer(w, z, X), None), jnp.zeros((3, 4)), length=60)[0])

    return {derivative: jax.jit(derivative(unrolled))(W) for derivative in (jax.grad, jax.hessian)}


@pytest.mark.parametrize("make", CELLS.values(), ids=CELLS)
def test_any_callable_is_a_cell_to_second_order(
    make: Callable[[Array], Callable[[Array, Array], Array]],
) -> None:
    def loss(w: Array) -> Array:
        return value(equilibrium(make(w), X, jnp.zeros((3, 4)), TIGHT, Implicit(TIGHT)).z)

    for derivative, expected in unrolled_derivatives().items():
        np.testing.assert_allclose(jax.jit(derivative(loss))(W), expected, atol=1e-7)
