"""Every gradient against a closed form, a long unroll, finite differences or a known error."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array
from jax.test_util import check_grads

from deq import Anderson, Implicit, Neumann, Phantom, Picard, ThroughODE, Unrolled, equilibrium
from deq.analysis.gradient_error import gradient_error
from deq.gradients import Gradient
from deq.solvers import GMRES, SOLVERS, BiCGStab, Dense
from tests.support.cases import few_of
from tests.support.cells import AffineCell, TanhCell, gradients

pytestmark = pytest.mark.usefixtures("double_precision")

FORWARD = Picard(tol=1e-12, max_nfe=200)  # it compiles fastest

EXACT: dict[str, Gradient] = {
    **{name: Implicit(replace(entry.default, tol=1e-10, max_nfe=1000)) for name, entry in SOLVERS.items()},
    "gmres": Implicit(GMRES(tol=1e-10)),
    "bicgstab": Implicit(BiCGStab(tol=1e-10)),
    "dense": Implicit(Dense()),
    "unrolled": Unrolled(80),
    "through the ode": ThroughODE(t1=60.0, tol=1e-9, max_steps=512),
}
every_exact = pytest.mark.parametrize("gradient", EXACT.values(), ids=EXACT)


def inputs(batch: int = 3) -> Array:
    return jnp.asarray(np.random.default_rng(3).normal(size=(batch, 3)))


def loss_of(z: Array) -> Array:
    """Weights every entry differently, so that errors cannot cancel."""
    return jnp.sum(jnp.sin(z) * jnp.arange(1.0, 1.0 + z.size, dtype=z.dtype).reshape(z.shape))


def loss(gradient: Gradient, cell: nnx.Module, x: Array) -> Array:
    return loss_of(equilibrium(cell, x, jnp.zeros((len(x), 5), x.dtype), FORWARD, gradient).z)


def unrolled_loss(cell: TanhCell, x: Array) -> Array:
    """The reference: backpropagation through many undamped steps."""
    start = jnp.zeros((len(x), 5), x.dtype)
    return loss_of(jax.lax.scan(lambda z, _: (cell(z, x), None), start, length=200)[0])


@cache
def long_unroll() -> list[Array]:
    return gradients(unrolled_loss, TanhCell(), inputs())


@pytest.mark.parametrize("gradient", few_of(EXACT, ("Picard", "unrolled", "through the ode")))
def test_exact_gradients_match_a_long_unroll(gradient: Gradient) -> None:
    found = gradients(lambda cell, x: loss(gradient, cell, x), TanhCell(), inputs())
    assert gradient_error(found, long_unroll()).relative <= 1e-6


@pytest.mark.parametrize("name", ["Anderson", "dense", "unrolled"])
def test_exact_gradients_match_the_closed_form(name: str) -> None:
    """One of each kind: the long unroll is the reference for all."""
    cell, x = AffineCell(), inputs()
    reference = gradients(lambda cell, x: loss_of(cell.equilibrium(x)), cell, x)
    found = gradients(lambda cell, x: loss(EXACT[name], cell, x), cell, x)
    assert gradient_error(found, reference).relative <= 1e-6


def test_the_implicit_gradient_matches_finite_differences() -> None:
    graphdef, state = nnx.split(TanhCell())

    def function(state: nnx.State, x: Array) -> Array:
        return loss(EXACT["Anderson"], nnx.merge(graphdef, state), x)

    check_grads(jax.jit(function), (state, inputs()), order=1, modes=["rev"], atol=1e-5, rtol=1e-5)


def series(cell: AffineCell, x: Array, terms: int, damping: float = 1.0) -> list[Array]:
    """The gradient with u = damping sum_{i < terms} ((1 - damping) I + damping A^T)^i g instead of the exact u."""
    z = cell.equilibrium(x)
    g = np.asarray(jax.grad(loss_of)(z))
    step = (1 - damping) * np.eye(5) + damping * np.asarray(cell.a[...])
    u = damping * sum(g @ np.linalg.matrix_power(step, i) for i in range(terms))
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
    assert gradient_error(found, series(cell, x, terms, damping)).relative <= 1e-9


@pytest.mark.long
@pytest.mark.parametrize("family", [lambda k: Neumann(k - 1), Phantom], ids=["neumann", "phantom"])
def test_truncated_gradients_err_by_powers_of_the_slope(family: type[Phantom]) -> None:
    """The error after k terms is O(L^k), and even one step has roughly the right direction."""
    cell, x = TanhCell(size=0.6), inputs()
    exact = gradients(lambda cell, x: loss(Implicit(Dense()), cell, x), cell, x)
    terms = (1, 2, 4, 8, 16)
    found = [gradients(lambda cell, x, k=k: loss(family(k), cell, x), cell, x) for k in terms]
    errors = [gradient_error(gradient, exact).relative for gradient in found]
    assert gradient_error(found[0], exact).cosine > 0.7
    assert all(error <= 0.6**k * 3 for k, error in zip(terms, errors, strict=True))
    assert errors == sorted(errors, reverse=True)


def test_the_value_is_the_equilibrium_whatever_the_gradient() -> None:
    cell, x = AffineCell(), inputs()
    for gradient in (Implicit(), Neumann(), Phantom(), Phantom(5, 0.3)):
        solution = jax.jit(lambda z0, gradient=gradient: equilibrium(cell, x, z0, FORWARD, gradient))(
            jnp.zeros((3, 5))
        )
        np.testing.assert_allclose(solution.z, cell.equilibrium(x), rtol=1e-9)
        assert solution.converged.all()
        assert solution.residual.max() <= FORWARD.tol


@pytest.mark.parametrize("gradient", [Unrolled(30), ThroughODE(t1=20.0, max_steps=512)], ids=str)
def test_gradients_without_a_solver_report_their_residual(gradient: Gradient) -> None:
    cell, x = AffineCell(), inputs()
    find = jax.jit(lambda solver: equilibrium(cell, x, jnp.zeros((3, 5)), solver, gradient))
    solution = find(Anderson(tol=1e-3))
    f_z = cell(solution.z, x)
    measured = jnp.linalg.norm(f_z - solution.z, axis=1) / jnp.linalg.norm(f_z, axis=1)
    np.testing.assert_allclose(solution.residual, measured, rtol=1e-5)
    assert solution.converged.all()
    assert not find(Anderson(tol=1e-15)).converged.any()


def test_unrolled_can_be_differentiated_twice() -> None:
    """z = a (a z0 + x) + x has dz/da = x + 2 a z0 and d2z/da2 = 2 z0; (z^2 / 2)'' = z z'' + z'^2."""
    x, z0, a = 0.7, 0.4, 0.5

    def function(a: Array) -> Array:
        cell = AffineCell(1, 1)
        cell.a[...], cell.b[...], cell.bias[...] = a.reshape(1, 1), jnp.ones((1, 1)), jnp.zeros(1)
        z = equilibrium(cell, jnp.array([[x]]), jnp.array([[z0]]), gradient=Unrolled(2)).z
        return 0.5 * jnp.sum(z**2)

    z2, slope, curvature = a * (a * z0 + x) + x, x + 2 * a * z0, 2 * z0
    assert jax.jit(jax.grad(jax.grad(function)))(jnp.asarray(a)) == pytest.approx(z2 * curvature + slope**2)


@every_exact
def test_the_start_gets_no_gradient(gradient: Gradient) -> None:
    cell, x = TanhCell(), inputs()

    def of_start(z0: Array) -> Array:
        return loss_of(equilibrium(cell, x, z0, Picard(), gradient).z)

    np.testing.assert_array_equal(jax.jit(jax.grad(of_start))(jnp.zeros((3, 5))), 0)
