"""Jacobians and spectra against matrices with known eigenvalues."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array

from deq.gradients.spectrum import jacobian, jacobian_eigenvalues, spectral_radius
from tests.support.cells import TanhCell


class Scaled(nnx.Module):
    """f(z, x) = x * (A z) with one factor x per sample; z: (batch, ...)."""

    def __init__(self, a: np.ndarray) -> None:
        self.a = nnx.Param(jnp.asarray(a, jnp.float32))

    def __call__(self, z: Array, x: Array) -> Array:
        flat = z.reshape(len(z), -1) @ self.a[...].T
        return (x[:, None] * flat).reshape(z.shape)


def spiral(n: int) -> np.ndarray:
    """A random matrix with one leading complex pair of modulus 1.4, all others below 0.9."""
    rng = np.random.default_rng(0)
    blocks = np.zeros((n, n))
    for k, modulus in enumerate([1.4, *rng.uniform(0, 0.9, n // 2 - 1)]):
        angle = 1.3 if k == 0 else rng.uniform(0, np.pi)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        blocks[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = modulus * turn
    basis = np.linalg.qr(rng.normal(size=(n, n)))[0]
    return basis @ blocks @ basis.T


@pytest.mark.parametrize("shape", [(10,), (300,), (10, 10, 4)], ids=str)
def test_spectral_radius_of_each_sample_with_a_complex_pair(shape: tuple[int, ...]) -> None:
    n = int(np.prod(shape))
    x = jnp.array([1.0, 0.5, 0.1])
    found = spectral_radius(Scaled(spiral(n)), x, jnp.zeros((3, *shape)))
    np.testing.assert_allclose(found, 1.4 * np.asarray(x), rtol=1e-2)


def test_jacobian_and_its_eigenvalues() -> None:
    a = spiral(6)
    cell, x, z = Scaled(a), jnp.array([1.0, 2.0]), jnp.ones((2, 6))
    np.testing.assert_allclose(jacobian(cell, x, z), np.stack([a, 2 * a]), rtol=1e-5, atol=1e-6)
    found = jacobian_eigenvalues(cell, x, z)
    assert found.shape == (2, 6)
    np.testing.assert_allclose(np.sort_complex(found[0]), np.sort_complex(np.linalg.eigvals(a)), atol=1e-5)


def test_jacobian_is_taken_at_z() -> None:
    cell, x = TanhCell(), jnp.ones((2, 3))
    z = jnp.asarray(np.random.default_rng(1).normal(size=(2, 5)), jnp.float32)
    one = jax.jacobian(lambda z: cell(z[None], x[:1])[0])(z[0])
    np.testing.assert_allclose(jacobian(cell, x, z)[0], one, rtol=1e-5, atol=1e-6)
