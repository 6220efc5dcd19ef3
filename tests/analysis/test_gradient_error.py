"""Two gradients compared, against numbers found by hand."""

import jax
import jax.numpy as jnp
import pytest

from deq.analysis.gradient_error import gradient_error


def test_gradient_error() -> None:
    exact = {"a": jnp.array([3.0, 0.0]), "b": jnp.array([[4.0]])}
    same = gradient_error(exact, exact)
    assert (same.relative, same.cosine) == (0.0, pytest.approx(1.0))
    doubled = gradient_error(jax.tree.map(lambda g: 2 * g, exact), exact)
    assert (doubled.relative, doubled.cosine) == (pytest.approx(1.0), pytest.approx(1.0))
    across = gradient_error({"a": jnp.array([0.0, 5.0]), "b": jnp.zeros((1, 1))}, exact)
    assert across.cosine == pytest.approx(0.0)
    zero = jax.tree.map(jnp.zeros_like, exact)
    assert gradient_error(zero, exact).cosine == 0.0
    assert gradient_error(zero, zero).relative == 0.0
    with pytest.raises(ValueError, match="same parameters"):
        gradient_error([jnp.zeros(2)], exact)
