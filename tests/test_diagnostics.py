"""Diagnostics against linear algebra done by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array

from deq import Anderson, Picard, Solution, solve
from deq.diagnostics import (
    error_bound,
    gradient_error,
    jacobian,
    jacobian_eigenvalues,
    path_independence,
    spectral_radius,
)
from tests.cells import AffineCell, TanhCell


class Scaled(nnx.Module):
    """f(z, x) = x * (A z) with one factor x a sample; z: (batch, ...)."""

    def __init__(self, a: np.ndarray) -> None:
        self.a = nnx.Param(jnp.asarray(a, jnp.float32))

    def __call__(self, z: Array, x: Array) -> Array:
        flat = z.reshape(len(z), -1) @ self.a[...].T
        return (x[:, None] * flat).reshape(z.shape)


def spiral(n: int, radius: float = 1.4, rest: float = 0.9) -> np.ndarray:
    """A random matrix with one leading complex pair of modulus `radius`, all others below `rest`."""
    rng = np.random.default_rng(0)
    blocks = np.zeros((n, n))
    for k, modulus in enumerate([radius, *rng.uniform(0, rest, n // 2 - 1)]):
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


def test_error_bound_holds_and_is_sharp_for_one_number() -> None:
    solution = solve(lambda z: 0.9 * z + 1, jnp.zeros((1, 1)), Picard(tol=1e-3))
    error = abs(float(solution.z[0, 0]) - 10) / abs(0.9 * float(solution.z[0, 0]) + 1)
    assert error == pytest.approx(float(error_bound(solution, 0.9)[0]), rel=1e-3)
    many = Solution(jnp.zeros((3, 1)), jnp.full(3, 0.1), jnp.ones(3, int), jnp.zeros(3, bool))
    np.testing.assert_allclose(error_bound(many, np.array([0.5, 1.0, 2.0])), [0.2, np.inf, np.inf])


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


class TwoWells(nnx.Module):
    """f(z) = tanh(3 z): fixed points at 0 and near +-0.995, the outer two attracting."""

    def __call__(self, z: Array, x: Array) -> Array:
        return jnp.tanh(3 * z)


def test_path_independence_tells_one_equilibrium_from_two() -> None:
    x, start = jnp.ones((2, 3)), jnp.ones((2, 5))
    one = path_independence(AffineCell(), x, start, -start, Anderson(tol=1e-6))
    assert one.converged.all()
    assert one.distance.max() < 1e-4
    assert one.cosine.min() > 0.9999
    two = path_independence(TwoWells(), x, start, -start, Picard())
    assert two.converged.all()
    np.testing.assert_allclose(two.cosine, -1, rtol=1e-5)
    np.testing.assert_allclose(two.distance, 2, rtol=1e-4)
