"""Rounded factors: every float32 product takes them, wherever it stands, and its derivatives too."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from deq.cells.conv import convolve
from deq.solvers.rounding import rounded

X = jax.random.normal(jax.random.key(0), (3, 4))
W = jax.random.normal(jax.random.key(1), (4, 4))
IMAGE = jax.random.normal(jax.random.key(2), (1, 4, 4, 2))
KERNEL = jax.random.normal(jax.random.key(3), (3, 3, 2, 2))


def to_bfloat16(v: Array) -> Array:
    return v.astype(jnp.bfloat16).astype(jnp.float32)


def to_tf32(v: Array) -> Array:
    """To the nearest number with 10 bits of mantissa, by Veltkamp's splitting in float64."""
    exact = np.asarray(v, np.float64)
    scaled = exact * (2.0**42 + 1)
    return jnp.asarray(scaled - (scaled - exact), jnp.float32)


ROUNDING = {"bf16": to_bfloat16, "tf32": to_tf32}


@jax.custom_jvp
def with_rule(x: Array, w: Array) -> Array:
    return x @ w


@with_rule.defjvp
def _with_rule_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    """Twice the true derivative, so that the test can tell them apart."""
    (x, w), (dx, dw) = primals, tangents
    return with_rule(x, w), 2 * (dx @ w + x @ dw)


# Each is one product of its two arguments.
PLACES: dict[str, Callable[[Array, Array], Array]] = {
    "plain": lambda x, w: x @ w,
    "jit": jax.jit(lambda x, w: x @ w),
    "vmap": jax.vmap(lambda x, w: x @ w, (0, None)),
    "checkpoint": jax.checkpoint(lambda x, w: x @ w),
    "scan": lambda x, w: jax.lax.scan(lambda z, _: (z @ w, None), x, length=1)[0],
    "while": lambda x, w: jax.lax.while_loop(lambda c: c[1] < 1, lambda c: (c[0] @ w, c[1] + 1), (x, 0))[0],
    "cond": lambda x, w: jax.lax.cond(x.sum() < 1e9, lambda: x @ w, lambda: x),
    "rule": with_rule,
}


@pytest.mark.parametrize("precision", ROUNDING)
@pytest.mark.parametrize("place", PLACES)
def test_factors_are_rounded_wherever_the_product_stands(place: str, precision: str) -> None:
    f, to = PLACES[place], ROUNDING[precision]
    found = rounded(f, precision)(X, W)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, to(X) @ to(W), rtol=1e-6, atol=1e-6)
    assert abs(found - X @ W).max() > 1e-5


@pytest.mark.parametrize("precision", ROUNDING)
def test_derivatives_are_those_of_rounded_products(precision: str) -> None:
    """Forward: tangents are factors and are rounded. A rule of the function's own is kept."""
    to, dx = ROUNDING[precision], jnp.roll(X, 1)
    for f, factor in ((PLACES["plain"], 1), (PLACES["scan"], 1), (with_rule, 2)):
        _, tangent = jax.jvp(lambda x, f=f: rounded(f, precision)(x, W), (X,), (dx,))
        np.testing.assert_allclose(tangent, factor * to(dx) @ to(W), rtol=1e-5, atol=1e-5)
        _, pull = jax.vjp(lambda x, f=f: rounded(f, precision)(x, W), X)
        np.testing.assert_allclose(pull(dx)[0], factor * to(dx @ to(W).T), rtol=1e-2, atol=1e-2)


def test_a_convolution_and_its_derivative() -> None:
    """Its derivative, a custom one, is a matrix product of patches."""
    f = rounded(lambda z, k: convolve(z, k, 1), "bf16")
    exact = convolve(to_bfloat16(IMAGE), to_bfloat16(KERNEL), 1)
    np.testing.assert_allclose(f(IMAGE, KERNEL), exact, rtol=1e-5, atol=1e-5)
    _, tangent = jax.jvp(lambda z: f(z, KERNEL), (IMAGE,), (2 * IMAGE,))
    np.testing.assert_allclose(tangent, 2 * exact, rtol=1e-5, atol=1e-5)


def test_other_products_and_the_rest_stay(double_precision: None) -> None:
    x, w = np.asarray(X, np.float64), np.asarray(W, np.float64)
    np.testing.assert_array_equal(rounded(jnp.matmul, "bf16")(x, w), jnp.matmul(x, w))
    third = jnp.float32(1 / 3)
    assert rounded(lambda v: {"sum": v + 1, "same": v}, "bf16")(third) == {"sum": third + 1, "same": third}


def test_float32_is_the_function_itself() -> None:
    assert rounded(jnp.matmul, "float32") is jnp.matmul
