"""Penalties and constraints against their definitions."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array

from deq import Anderson, equilibrium
from deq.cells import TwoLayerCell
from deq.cells.regularizers import jacobian_penalty, spectral_norm, spectrally_normalised
from tests.support.cells import AffineCell


def test_penalty_estimates_the_frobenius_norm_per_state_entry() -> None:
    """For the affine cell df/dz = A everywhere: ||A||_F^2 / n, within the noise of 4,000 probes."""
    cell = AffineCell(n=6)
    x, z = jnp.zeros((4000, 3)), jnp.zeros((4000, 6))
    exact = float(jnp.sum(cell.a[...] ** 2)) / 6
    assert float(jacobian_penalty(cell, x, z, jax.random.key(1))) == pytest.approx(exact, rel=0.05)


def test_penalty_pulls_the_slope_down() -> None:
    cell, x = AffineCell(n=6), jnp.zeros((500, 3))
    graphdef, state = nnx.split(cell)

    def penalty(state: nnx.State) -> Array:
        return jacobian_penalty(nnx.merge(graphdef, state), x, jnp.zeros((500, 6)), jax.random.key(0))

    gradient = nnx.merge(graphdef, jax.grad(penalty)(state))
    # d / dA of ||A||_F^2 / n is 2 A / n; b and the bias play no part
    angle = (
        jnp.vdot(gradient.a[...], cell.a[...])
        / jnp.linalg.norm(gradient.a[...])
        / jnp.linalg.norm(cell.a[...])
    )
    assert float(angle) > 0.98
    np.testing.assert_array_equal(gradient.b[...], 0)


def test_penalty_holds_the_state_constant() -> None:
    cell, x = TwoLayerCell(4, 6, jnp.tanh, 1.0, rngs=nnx.Rngs(0)), jnp.ones((3, 4))
    slope = jax.grad(lambda z: jacobian_penalty(cell, x, z, jax.random.key(0)))(jnp.ones((3, 4)))
    np.testing.assert_array_equal(slope, 0)


@pytest.mark.parametrize("shape", [(5, 5), (7, 30), (30, 7)])
def test_spectral_norm_is_the_largest_singular_value(shape: tuple[int, int]) -> None:
    kernel = jnp.asarray(np.random.default_rng(2).normal(size=shape), jnp.float32)
    u, s, vt = np.linalg.svd(kernel, full_matrices=False)
    assert float(spectral_norm(kernel, 200)) == pytest.approx(s[0], rel=1e-4)
    derivative = jax.grad(lambda kernel: spectral_norm(kernel, 200))(kernel)
    np.testing.assert_allclose(derivative, np.outer(u[:, 0], vt[0]), atol=2e-2)


def test_spectral_norm_of_a_convolution_is_a_bound() -> None:
    """Against the largest singular value of the circular convolution, found frequency by frequency."""
    kernel = jnp.asarray(np.random.default_rng(4).normal(size=(3, 3, 4, 5)), jnp.float32)
    exact = np.linalg.norm(np.fft.fft2(kernel, (16, 16), axes=(0, 1)), 2, axis=(2, 3)).max()
    assert exact <= float(spectral_norm(kernel)) <= 3 * exact


def test_normalised_copy_obeys_the_limit_and_leaves_the_rest() -> None:
    cell = AffineCell(n=5, size=3.0)
    bounded = spectrally_normalised(cell, 0.9)
    assert np.linalg.norm(bounded.a[...], 2) == pytest.approx(0.9, rel=1e-3)
    np.testing.assert_array_equal(bounded.bias[...], cell.bias[...])
    assert np.linalg.norm(cell.a[...], 2) == pytest.approx(3.0, rel=1e-5)  # the original is untouched
    gentle = AffineCell(n=5, size=0.5)
    np.testing.assert_array_equal(spectrally_normalised(gentle, 0.9).a[...], gentle.a[...])
    with pytest.raises(ValueError, match="limit"):
        spectrally_normalised(cell, 0.0)


def test_normalised_cell_always_converges_and_trains() -> None:
    cell, x = AffineCell(n=5, size=3.0), jnp.ones((2, 3))
    graphdef, state = nnx.split(cell)

    def size(state: nnx.State) -> Array:
        bounded = spectrally_normalised(nnx.merge(graphdef, state), 0.8)
        return jnp.sum(equilibrium(bounded, x, jnp.zeros((2, 5)), Anderson(tol=1e-6)).z ** 2)

    gradient = jax.jit(jax.grad(size))(state)
    leaves = jax.tree.leaves(gradient)
    assert all(jnp.isfinite(leaf).all() for leaf in leaves)
    assert all(jnp.abs(leaf).max() > 0 for leaf in leaves)


class Normed(nnx.Module):
    """A cell whose layer is wrapped in Flax's weight normalisation, scaled to contract."""

    def __init__(self) -> None:
        rngs = nnx.Rngs(0)
        self.layer = nnx.WeightNorm(nnx.Linear(4, 4, rngs=rngs), rngs=rngs)

    def __call__(self, z: Array, x: Array) -> Array:
        return 0.4 * jnp.tanh(self.layer(z)) + x


def test_weight_normalisation_is_flaxs_and_survives_a_solve() -> None:
    cell, x = Normed(), jnp.ones((2, 4))
    kernel = cell.layer.layer_instance.kernel
    kernel[...] = 50 * kernel[...]  # its length does not matter
    before = np.asarray(kernel[...])
    solution = equilibrium(cell, x, jnp.zeros((2, 4)), Anderson(tol=1e-6))
    assert solution.converged.all()
    np.testing.assert_array_equal(kernel[...], before)
