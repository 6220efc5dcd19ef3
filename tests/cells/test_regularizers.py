"""The Jacobian penalty against its definition, and weight normalisation inside a cell."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array

from deq import Anderson, equilibrium
from deq.analysis.gradient_error import gradient_error
from deq.cells import TwoLayerCell
from deq.cells.regularizers import jacobian_penalty
from tests.support.cells import AffineCell, gradients


def test_penalty_estimates_the_frobenius_norm_per_state_entry() -> None:
    """df/dz = A for the affine cell, so the penalty is ||A||_F^2 / n, up to the noise of 4,000 probes."""
    cell = AffineCell(n=6)
    x, z = jnp.zeros((4000, 3)), jnp.zeros((4000, 6))
    exact = float(jnp.sum(cell.a[...] ** 2)) / 6
    assert float(jacobian_penalty(cell, x, z, jax.random.key(1))) == pytest.approx(exact, rel=0.05)


def test_gradient_of_the_penalty() -> None:
    """d/dA of ||A||_F^2 / n is 2 A / n; B and b do not matter."""
    cell, x, z = AffineCell(n=6), jnp.zeros((500, 3)), jnp.zeros((500, 6))
    a, b, bias, _ = gradients(lambda cell, x: jacobian_penalty(cell, x, z, jax.random.key(0)), cell, x)
    exact = 2 * cell.a[...] / 6
    assert gradient_error(a, exact).cosine > 0.98
    assert float(jnp.linalg.norm(a) / jnp.linalg.norm(exact)) == pytest.approx(1, abs=0.2)
    np.testing.assert_array_equal(b, 0)
    np.testing.assert_array_equal(bias, 0)


def test_penalty_holds_the_state_constant() -> None:
    cell, x = TwoLayerCell(4, 6, jnp.tanh, 1.0, rngs=nnx.Rngs(0)), jnp.ones((3, 4))
    slope = jax.grad(lambda z: jacobian_penalty(cell, x, z, jax.random.key(0)))(jnp.ones((3, 4)))
    np.testing.assert_array_equal(slope, 0)


class Normed(nnx.Module):
    """A contracting cell whose layer is wrapped in Flax's WeightNorm."""

    def __init__(self) -> None:
        rngs = nnx.Rngs(0)
        self.layer = nnx.WeightNorm(nnx.Linear(4, 4, rngs=rngs), rngs=rngs)

    def __call__(self, z: Array, x: Array) -> Array:
        return 0.4 * jnp.tanh(self.layer(z)) + x


def test_weight_norm_in_a_cell_converges_and_keeps_its_kernel() -> None:
    cell, x = Normed(), jnp.ones((2, 4))
    kernel = cell.layer.layer_instance.kernel
    kernel[...] = 50 * kernel[...]  # WeightNorm makes its length irrelevant
    before = np.asarray(kernel[...])
    solution = equilibrium(cell, x, jnp.zeros((2, 4)), Anderson(tol=1e-6))
    assert solution.converged.all()
    np.testing.assert_array_equal(kernel[...], before)
