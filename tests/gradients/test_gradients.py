"""Every gradient against what it should be: closed forms, a long unroll, finite differences, known errors."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array
from jax.test_util import check_grads

from deq import (
    Anderson,
    Broyden,
    Implicit,
    Neumann,
    NewtonKrylov,
    ODEFlow,
    Phantom,
    Picard,
    ThroughODE,
    Unrolled,
    equilibrium,
)
from deq.gradients import Gradient
from deq.solvers import GMRES, BiCGStab, Dense
from tests.support.cells import AffineCell, TanhCell, cosine, gradients, relative_error

FORWARD = Anderson(tol=1e-12, max_nfe=200)

EXACT: dict[str, Gradient] = {
    "picard": Implicit(Picard(tol=1e-10, max_nfe=500)),
    "anderson": Implicit(Anderson(tol=1e-10)),
    "broyden": Implicit(Broyden(tol=1e-10)),
    "newton": Implicit(NewtonKrylov(tol=1e-10)),
    "ode": Implicit(ODEFlow(tol=1e-10)),
    "gmres": Implicit(GMRES(tol=1e-10)),
    "bicgstab": Implicit(BiCGStab(tol=1e-10)),
    "dense": Implicit(Dense()),
    "unrolled": Unrolled(80),
    "through the ode": ThroughODE(t1=60.0, tol=1e-9, max_steps=512),
}
every_exact = pytest.mark.parametrize("gradient", EXACT.values(), ids=EXACT)


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def inputs(batch: int = 3) -> Array:
    return jnp.asarray(np.random.default_rng(3).normal(size=(batch, 3)))


def loss_of(z: Array) -> Array:
    """Weighs every entry differently, so that no error hides in a sum."""
    return jnp.sum(jnp.sin(z) * jnp.arange(1.0, 1.0 + z.size, dtype=z.dtype).reshape(z.shape))


def loss(gradient: Gradient, cell: nnx.Module, x: Array) -> Array:
    return loss_of(equilibrium(cell, x, jnp.zeros((len(x), 5), x.dtype), FORWARD, gradient).z)


def unrolled_loss(cell: nnx.Module, x: Array, steps: int = 200) -> Array:
    """The reference: plain backpropagation through many plain steps."""
    start = jnp.zeros((len(x), 5), x.dtype)
    return loss_of(jax.lax.scan(lambda z, _: (cell(z, x), None), start, length=steps)[0])  # type: ignore[operator]


@every_exact
def test_exact_gradients_match_a_long_unroll(gradient: Gradient) -> None:
    cell, x = TanhCell(), inputs()
    reference = gradients(lambda cell, x: unrolled_loss(cell, x), cell, x)
    found = gradients(lambda cell, x: loss(gradient, cell, x), cell, x)
    assert relative_error(found, reference) <= 1e-6


@every_exact
def test_exact_gradients_match_the_closed_form(gradient: Gradient) -> None:
    cell, x = AffineCell(), inputs()
    reference = gradients(lambda cell, x: loss_of(cell.equilibrium(x)), cell, x)
    found = gradients(lambda cell, x: loss(gradient, cell, x), cell, x)
    assert relative_error(found, reference) <= 1e-6


@pytest.mark.parametrize("name", ["anderson", "gmres", "unrolled"])
def test_exact_gradients_match_finite_differences(name: str) -> None:
    graphdef, state = nnx.split(TanhCell())

    def function(state: nnx.State, x: Array) -> Array:
        return loss(EXACT[name], nnx.merge(graphdef, state), x)

    check_grads(jax.jit(function), (state, inputs()), order=1, modes=["rev"], atol=1e-5, rtol=1e-5)


def series(cell: AffineCell, x: Array, terms: int, damping: float = 1.0) -> list[Array]:
    """The gradient with u = damping sum_{i < terms} ((1 - damping) I + damping A^T)^i g in place of the exact u."""
    a = cell.a[...]
    z = cell.equilibrium(x)
    g = jax.grad(loss_of)(z)
    u = damping * sum(
        (g @ jnp.linalg.matrix_power((1 - damping) * jnp.eye(5) + damping * a, i) for i in range(terms)),
        start=jnp.zeros_like(g),
    )
    return gradients(lambda cell, x: jnp.sum(jax.lax.stop_gradient(u) * cell(z, x)), cell, x)


@pytest.mark.parametrize(
    ("gradient", "terms", "damping"),
    [
        (Phantom(), 1, 1.0),
        (Phantom(4), 4, 1.0),
        (Phantom(3, 0.5), 3, 0.5),
        (Neumann(0), 1, 1.0),
        (Neumann(6), 7, 1.0),
    ],
    ids=str,
)
def test_truncated_gradients_are_the_truncated_series(gradient: Gradient, terms: int, damping: float) -> None:
    cell, x = AffineCell(), inputs()
    found = gradients(lambda cell, x: loss(gradient, cell, x), cell, x)
    assert relative_error(found, series(cell, x, terms, damping)) <= 1e-9


@pytest.mark.parametrize("family", [lambda k: Neumann(k - 1), Phantom], ids=["neumann", "phantom"])
def test_truncated_gradients_err_by_powers_of_the_slope(family: type[Phantom]) -> None:
    """The error after k terms is of order L^k, and already one step points the right way."""
    cell, x = TanhCell(size=0.6), inputs()
    exact = gradients(lambda cell, x: loss(Implicit(Dense()), cell, x), cell, x)
    terms = (1, 2, 4, 8, 16)
    found = [gradients(lambda cell, x, k=k: loss(family(k), cell, x), cell, x) for k in terms]
    errors = [relative_error(gradient, exact) for gradient in found]
    assert cosine(found[0], exact) > 0.7
    assert all(error <= 0.6**k * 3 for k, error in zip(terms, errors, strict=True))
    assert errors == sorted(errors, reverse=True)


def test_the_value_is_the_equilibrium_whatever_the_gradient() -> None:
    cell, x = AffineCell(), inputs()
    for gradient in (Implicit(), Neumann(), Phantom(), Phantom(5, 0.3)):
        solution = equilibrium(cell, x, jnp.zeros((3, 5)), FORWARD, gradient)
        np.testing.assert_allclose(solution.z, cell.equilibrium(x), rtol=1e-9)
        assert solution.converged.all()
        assert solution.residual.max() <= FORWARD.tol


@pytest.mark.parametrize("gradient", [Unrolled(30), ThroughODE(t1=20.0, max_steps=512)], ids=str)
def test_gradients_without_a_solver_measure_what_they_reached(gradient: Gradient) -> None:
    cell, x = AffineCell(), inputs()
    solution = equilibrium(cell, x, jnp.zeros((3, 5)), Anderson(tol=1e-3), gradient)
    measured = jnp.linalg.norm(cell(solution.z, x) - solution.z, axis=1) / jnp.linalg.norm(
        cell(solution.z, x), axis=1
    )
    np.testing.assert_allclose(solution.residual, measured, rtol=1e-5)
    assert solution.converged.all()
    assert not equilibrium(cell, x, jnp.zeros((3, 5)), Anderson(tol=1e-15), gradient).converged.any()
    assert equilibrium(cell, x, jnp.zeros((3, 5)), FORWARD, Unrolled(7)).nfe.tolist() == [8, 8, 8]


def test_unrolled_can_be_differentiated_twice() -> None:
    """z = a (a z0 + x) + x has z' = x + 2 a z0 and z'' = 2 z0 in a, so that (z^2 / 2)'' = z z'' + z'^2."""
    x, z0, a = 0.7, 0.4, 0.5

    def function(a: Array) -> Array:
        cell = AffineCell(1, 1)
        cell.a[...], cell.b[...], cell.bias[...] = a.reshape(1, 1), jnp.ones((1, 1)), jnp.zeros(1)
        z = equilibrium(cell, jnp.array([[x]]), jnp.array([[z0]]), gradient=Unrolled(2)).z
        return 0.5 * jnp.sum(z**2)

    z2, slope, curvature = a * (a * z0 + x) + x, x + 2 * a * z0, 2 * z0
    assert jax.grad(jax.grad(function))(jnp.asarray(a)) == pytest.approx(z2 * curvature + slope**2)


@every_exact
def test_the_start_gets_no_gradient(gradient: Gradient) -> None:
    cell, x = TanhCell(), inputs()

    def of_start(z0: Array) -> Array:
        return loss_of(equilibrium(cell, x, z0, Picard(), gradient).z)

    np.testing.assert_array_equal(jax.grad(of_start)(jnp.zeros((3, 5))), 0)
