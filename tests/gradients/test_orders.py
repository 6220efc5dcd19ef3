"""Derivatives of every order and in both modes through an equilibrium, against a long unroll in float64."""

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array
from jax.flatten_util import ravel_pytree

from deq import Implicit, Neumann, NewtonKrylov, Phantom, Picard, Probe, equilibrium
from deq.cells import MonotoneDense, ResidualConvCell
from deq.gradients import Gradient
from tests.gradients.test_gradients import EXACT
from tests.support.cases import few_of
from tests.support.cells import TanhCell
from tests.support.problems import jit_solve

pytestmark = pytest.mark.usefixtures("double_precision")

TIGHT = Picard(
    tol=1e-12, max_nfe=500, damping=0.5
)  # the solver that compiles fastest; others are tried below
EXACTLY = Implicit(TIGHT)


class Gated(TanhCell):
    """f(z, x) = gate * tanh(A z + B x + b), with x = (input, gate)."""

    def __call__(self, z: Array, x: tuple[Array, Array]) -> Array:
        return x[1] * super().__call__(z, x[0])


class Inner(nnx.Module):
    """f(w, z) = tanh(w / 2 + z)."""

    def __call__(self, w: Array, z: Array) -> Array:
        return jnp.tanh(0.5 * w + z)


class NestedByHand(TanhCell):
    """`Nested` with its inner equilibrium unrolled."""

    def __call__(self, z: Array, x: Array) -> Array:
        step = lambda w, _: (jnp.tanh(0.5 * w + 0.25 * z), None)  # noqa: E731
        w = jax.lax.scan(step, jnp.zeros_like(z), length=100)[0]
        return 0.5 * w + 0.5 * super().__call__(z, x)


class Nested(TanhCell):
    """f(z, x) = w* / 2 + tanh(A z + B x + b) / 2, w* = tanh(w* / 2 + z / 4): an equilibrium inside a cell."""

    def __call__(self, z: Array, x: Array) -> Array:
        inner = equilibrium(Inner(), 0.25 * z, jnp.zeros_like(z), TIGHT, EXACTLY)
        return 0.5 * inner.z + 0.5 * super().__call__(z, x)


def draw(*shape: int) -> Array:
    return jnp.asarray(np.random.default_rng(1).normal(size=shape))


def wide(cell: nnx.Module) -> nnx.Module:
    """The cell with float64 parameters."""
    graphdef, state = nnx.split(cell)
    return nnx.merge(graphdef, jax.tree.map(lambda leaf: leaf.astype(jnp.float64), state))


CASES: dict[str, Callable[[], tuple[nnx.Module, Any, Array]]] = {  # cell, x, z0
    "dense": lambda: (TanhCell(), draw(2, 3), jnp.zeros((2, 5))),
    "gated": lambda: (Gated(), (draw(2, 3), jax.nn.sigmoid(draw(2, 5))), jnp.zeros((2, 5))),
    "convolution": lambda: (
        wide(ResidualConvCell(2, groups=1, rngs=nnx.Rngs(0))),
        draw(1, 3, 3, 2),
        jnp.zeros((1, 3, 3, 2)),
    ),
    "monotone": lambda: (wide(MonotoneDense(4, rngs=nnx.Rngs(0))), draw(2, 4), jnp.zeros((2, 4))),
    "nested": lambda: (Nested(), draw(2, 3), jnp.zeros((2, 5))),
}
QUICK = ("dense",)  # to compile; the other cells take the same way


def problem(case: str) -> tuple[Callable[[Array, Any], Array], Callable[[Array], Array], Array]:
    """The loss through `equilibrium`, the same through a long unroll, both of one vector, and that vector."""
    cell, x, z0 = CASES[case]()
    graphdef, state = nnx.split(cell)
    vector, restore = ravel_pytree((state, x))

    def through(vector: Array, gradient: Any = EXACTLY) -> Array:
        state, x = restore(vector)
        return jnp.sum(jnp.sin(equilibrium(nnx.merge(graphdef, state), x, z0, TIGHT, gradient).z) ** 2)

    def unrolled(vector: Array) -> Array:
        state, x = restore(vector)
        cell = nnx.merge(nnx.graphdef(NestedByHand()) if case == "nested" else graphdef, state)
        z = jax.lax.scan(lambda z, _: (z + 0.5 * (cell(z, x) - z), None), z0, length=400)[0]
        return jnp.sum(jnp.sin(z) ** 2)

    return through, unrolled, vector


@pytest.mark.parametrize("case", few_of(list(CASES), QUICK))
def test_products_with_the_hessian(case: str) -> None:
    """Forward over reverse, reverse over reverse and reverse over forward, in a random direction."""
    through, unrolled, at = problem(case)
    v = jnp.asarray(np.random.default_rng(2).normal(size=at.shape))
    modes = {
        "forward over reverse": lambda f: jax.jvp(jax.grad(f), (at,), (v,))[1],
        "reverse over reverse": lambda f: jax.grad(lambda w: jnp.vdot(jax.grad(f)(w), v))(at),
        "reverse over forward": lambda f: jax.grad(lambda w: jax.jvp(f, (w,), (v,))[1])(at),
    }
    expected = jax.jit(lambda: modes["forward over reverse"](unrolled))()
    if case == "convolution":  # slow to compile; the modes do not depend on the cell
        modes = {"reverse over reverse": modes["reverse over reverse"]}
    for mode, product in modes.items():
        found = jax.jit(lambda product=product: product(through))()
        np.testing.assert_allclose(found, expected, atol=1e-6 * float(jnp.abs(expected).max()), err_msg=mode)


BACKWARD = {name: gradient for name, gradient in EXACT.items() if isinstance(gradient, Implicit)}


@cache
def dense_hessian() -> tuple[Callable[[Array, Implicit], Array], Array, Array]:
    """The loss for any gradient, the Hessian of the unroll, and where it was taken."""
    through, unrolled, at = problem("dense")
    return through, jax.jit(jax.hessian(unrolled))(at), at


@pytest.mark.long  # its columns are the products below
@pytest.mark.parametrize("name", ["Anderson", "gmres"])
def test_whole_hessians(name: str) -> None:
    through, expected, at = dense_hessian()
    found = jax.jit(jax.hessian(through))(at, EXACT[name])
    assert float(jnp.abs(found - expected).max()) < 1e-6 * float(jnp.abs(expected).max())


@pytest.mark.parametrize("solver", few_of(BACKWARD, ("Anderson",)))
def test_every_backward_solver_gives_products_with_the_hessian(solver: Implicit) -> None:
    """Both its forward and its transposed solve are differentiated."""
    through, hessian, at = dense_hessian()
    v = jnp.asarray(np.random.default_rng(2).normal(size=at.shape))
    found = jax.jit(lambda at, v: jax.jvp(lambda w: jax.grad(through)(w, solver), (at,), (v,))[1])(at, v)
    expected = hessian @ v
    assert float(jnp.abs(found - expected).max()) < 1e-6 * float(jnp.abs(expected).max())


@pytest.mark.long
def test_forward_mode_and_a_third_derivative() -> None:
    through, unrolled, at = problem("dense")
    v = jnp.ones_like(at)

    def along(f: Callable[[Array], Array]) -> Array:
        line = lambda t: f(at + t * v)  # noqa: E731
        return jnp.stack([jax.jvp(line, (0.0,), (1.0,))[1], jax.grad(jax.grad(jax.grad(line)))(0.0)])

    np.testing.assert_allclose(
        jax.jit(lambda: along(through))(), jax.jit(lambda: along(unrolled))(), rtol=1e-6
    )


def test_newton_solves_a_cell_that_contains_an_equilibrium() -> None:
    cell, x, z0 = CASES["nested"]()
    found = jit_solve(lambda z: cell(z, x), z0, NewtonKrylov(tol=1e-10))
    plain = jit_solve(lambda z: cell(z, x), z0, Picard(tol=1e-12, max_nfe=2000))
    assert found.converged.all()
    np.testing.assert_allclose(found.z, plain.z, atol=1e-8)


@pytest.mark.parametrize("series", [Neumann(80), Phantom(80)])
def test_a_truncated_gradient_is_for_first_derivatives_in_both_modes(series: Gradient) -> None:
    through, unrolled, at = problem("dense")
    v = jnp.ones_like(at)
    slope = jax.jit(lambda at: jax.jvp(lambda w: through(w, series), (at,), (v,))[1])(at)
    exact = jax.jit(jax.grad(unrolled))(at)
    assert float(slope) == pytest.approx(float(jnp.vdot(exact, v)), rel=1e-6)
    np.testing.assert_allclose(jax.jit(jax.grad(through))(at, series), exact, atol=1e-6)
    for twice in (jax.hessian, lambda f: jax.jacrev(jax.grad(f))):
        with pytest.raises(ValueError, match="first derivatives only"):
            jax.jit(twice(through))(at, series)


def test_a_probe_reports_the_transposed_solve_and_no_second_derivative() -> None:
    cell, x, z0 = CASES["dense"]()

    def loss(x: Array, probe: Probe) -> Array:
        return jnp.sum(equilibrium(cell, x, z0, TIGHT, EXACTLY, probe).z ** 2)

    probe = Probe.zeros(2)
    report = jax.jit(jax.grad(loss, argnums=1))(x, probe)
    assert (report.nfe > 1).all()
    assert (report.converged == 1).all()
    ones = jax.tree.map(jnp.ones_like, probe)
    forward = jax.jit(lambda probe: jax.jvp(lambda p: loss(x, p), (probe,), (ones,))[1])(probe)
    assert float(forward) == 0  # in forward mode a probe moves nothing and reports nothing
    with pytest.raises(ValueError, match="leave the probe out"):
        jax.jit(jax.jacrev(jax.grad(loss, argnums=1)))(x, probe)


@pytest.mark.long
def test_a_second_derivative_inside_a_scan_is_right_or_refused() -> None:
    """JAX drops the rule of a custom derivative there: see `constant_in`."""

    def settle(x: Array) -> Array:
        return equilibrium(Inner(), x, jnp.zeros_like(x), TIGHT, EXACTLY).z

    def chain(x: Array, unrolled: bool) -> Array:
        step = lambda z, _: (0.5 * settle(z + x), None)  # noqa: E731
        if unrolled:
            return jnp.sum(jnp.sin(step(step(jnp.zeros_like(x), None)[0], None)[0]))
        return jnp.sum(jnp.sin(jax.lax.scan(step, jnp.zeros_like(x), length=2)[0]))

    x = jnp.array([[0.3]])

    def derivative(take: Callable[..., Any], unrolled: bool) -> Array:
        return jax.jit(take(lambda x: chain(x, unrolled)))(x)

    np.testing.assert_allclose(derivative(jax.grad, False), derivative(jax.grad, True), rtol=1e-9)
    hessian = derivative(jax.hessian, True)
    twice_forward = derivative(lambda f: jax.jacfwd(jax.jacfwd(f)), False)
    np.testing.assert_allclose(twice_forward, hessian, rtol=1e-9)
    try:
        found = derivative(jax.hessian, False)  # JAX 0.12 keeps the rule
    except ValueError as refusal:  # JAX 0.10
        found = hessian if "inside a lax.scan" in str(refusal) else None
    np.testing.assert_allclose(found, hessian, rtol=1e-9)
