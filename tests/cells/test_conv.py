"""The convolutional cell: its layers against JAX's and Flax's, its equilibrium, its gradients."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array

from deq import Anderson, Implicit, NewtonKrylov, ODEFlow, Phantom, Picard, Solution, equilibrium
from deq.analysis.gradient_error import gradient_error
from deq.cells import Conv, GroupNorm, ResidualConvCell
from deq.cells.conv import convolve
from tests.support.cases import long
from tests.support.problems import jit_solve

pytestmark = pytest.mark.usefixtures("double_precision")


def normal(*shape: int, seed: int = 0) -> Array:
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape))


def native(z: Array, kernel: Array, stride: int) -> Array:
    return jax.lax.conv_general_dilated(
        z, kernel, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


@pytest.mark.parametrize(
    ("height", "size", "stride"), [(4, 3, 1), (7, 3, 2), (8, 3, 2), (8, 5, 2), (6, 1, 1)]
)
def test_first_and_second_derivatives_of_the_convolution(height: int, size: int, stride: int) -> None:
    z, kernel = normal(2, height, 7, 3), normal(size, size, 3, 4, seed=1)

    def derivatives(function):  # second: of a loss that depends on the gradient, like a Jacobian penalty
        first = jax.grad(lambda z, k: jnp.sum(jnp.sin(function(z, k, stride))), argnums=(0, 1))
        second = jax.grad(lambda z, k: sum(jnp.sum(g**2) for g in first(z, k)), argnums=(0, 1))
        return jax.jit(lambda z, k: (*first(z, k), *second(z, k)))(z, kernel)

    for ours, theirs in zip(derivatives(convolve), derivatives(native), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_group_norm_equals_that_of_flax() -> None:
    ours = GroupNorm(8, 4)
    theirs = nnx.GroupNorm(8, 4, epsilon=1e-5, rngs=nnx.Rngs(0), param_dtype=jnp.float64)
    for norm in (ours, theirs):
        norm.scale[...], norm.bias[...] = normal(8, seed=2), normal(8, seed=3)
    z = 3 + 2 * normal(5, 4, 4, 8)
    np.testing.assert_allclose(ours(z), theirs(z), rtol=1e-6, atol=1e-6)


def test_a_constant_map_is_normalised_to_its_bias() -> None:
    norm = GroupNorm(8, 4)
    np.testing.assert_allclose(norm(jnp.full((2, 4, 4, 8), 7.0)), 0, atol=1e-6)


def cell_and_injection() -> tuple[nnx.Module, Array]:
    cell = ResidualConvCell(8, groups=4, rngs=nnx.Rngs(0))
    nnx.update(cell, jax.tree.map(lambda leaf: leaf.astype(jnp.float64), nnx.state(cell)))
    for layer in (cell.into, cell.out):
        layer.kernel[...] *= 0.3  # so that Picard converges quickly
    return cell, normal(3, 4, 4, 8)


@cache
def from_zero() -> Solution:
    cell, x = cell_and_injection()
    return jit_solve(lambda z: cell(z, x), jnp.zeros_like(x), Anderson(tol=1e-11))


@pytest.mark.parametrize(
    "solver",
    [
        Picard(tol=1e-9),
        long(ODEFlow(tol=1e-9, max_nfe=2000)),
        long(NewtonKrylov(tol=1e-9)),
    ],
)
def test_solvers_agree_from_any_start(solver) -> None:
    cell, x = cell_and_injection()
    expected = from_zero()
    found = jit_solve(lambda z: cell(z, x), 5 * normal(*x.shape, seed=4), solver)
    assert expected.converged.all()
    assert found.converged.all()
    np.testing.assert_allclose(found.z, expected.z, atol=1e-7)


@pytest.mark.long
def test_the_implicit_gradient_matches_a_long_unroll() -> None:
    cell, x = cell_and_injection()
    exact, one_step = Implicit(Picard(tol=1e-10)), Phantom()

    def loss(x: Array, gradient) -> Array:
        return jnp.sum(jnp.sin(equilibrium(cell, x, jnp.zeros_like(x), Picard(tol=1e-11), gradient).z))

    def unrolled(x: Array) -> Array:
        z, _ = jax.lax.scan(lambda z, _: (cell(z, x), None), jnp.zeros_like(x), length=400)
        return jnp.sum(jnp.sin(z))

    expected, gradient_of = jax.jit(jax.grad(unrolled))(x), jax.jit(jax.grad(loss))
    np.testing.assert_allclose(gradient_of(x, exact), expected, rtol=1e-5, atol=1e-8)
    assert gradient_error(gradient_of(x, one_step), expected).cosine > 0.8


def test_stride_divides_height_and_width() -> None:
    assert Conv(1, 4, 5, stride=2, rngs=nnx.Rngs(0))(jnp.zeros((2, 28, 27, 1))).shape == (2, 14, 14, 4)
