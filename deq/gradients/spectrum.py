"""The Jacobian df/dz of each sample, its eigenvalues and its spectral radius."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from deq.gradients.function import Apply, Cell, Inputs, pure
from deq.solvers import norm
from deq.solvers.base import flat, widened
from deq.solvers.precision import in_float32
from deq.solvers.state import Layout

EXACT_SIZE = 200  # largest state for which the whole Jacobian is formed
ARNOLDI_STEPS = 60


def jacobian(cell: Cell, x: Any, z: Any) -> Array:
    """df/dz of each sample: (batch, n, n), [b, i, j] = df_i/dz_j. z: (batch, ...), or a pytree of such arrays."""
    return _jacobian(*_flat_problem(cell, x, z))


def _flat_problem(cell: Cell, x: Any, z: Any) -> tuple[Apply, Inputs, Array]:
    """f as a function of its inputs and of the state as one array."""
    layout = Layout.of(z)
    function, variables = pure(cell, x, z)
    return Apply(function, layout), (variables, x), layout.join(z)


@partial(jax.jit, static_argnums=0)
@in_float32
def _jacobian(apply: Apply, inputs: Inputs, z: Array) -> Array:
    _, push = jax.linearize(lambda z: apply(inputs, z), z)
    batch, n = flat(z).shape

    def column(unit: Array) -> Array:
        return flat(push(jnp.broadcast_to(unit, (batch, n)).reshape(z.shape)))

    return jnp.moveaxis(jax.lax.map(column, jnp.eye(n, dtype=z.dtype)), 0, -1)


def jacobian_eigenvalues(cell: Cell, x: Any, z: Any) -> np.ndarray:
    """All eigenvalues of df/dz of each sample: (batch, n), complex. O(n^3) per sample: for small states."""
    return np.linalg.eigvals(np.asarray(widened(jacobian(cell, x, z))))


def spectral_radius(cell: Cell, x: Any, z: Any) -> np.ndarray:
    """max |eigenvalue| of df/dz of each sample: (batch,). Below 1, it is Picard's convergence rate at z*.

    Exact for states of up to 200 entries. Above that, Arnoldi's method with 60 products: unlike power
    iteration it finds complex pairs, and it rarely overestimates. Saad (2011), doi:10.1137/1.9781611970739.
    """
    if flat(Layout.of(z).join(z)).shape[1] <= EXACT_SIZE:
        return np.abs(jacobian_eigenvalues(cell, x, z)).max(axis=1, initial=0.0)
    return np.abs(ritz_values(cell, x, z)).max(axis=1)


def ritz_values(cell: Cell, x: Any, z: Any) -> np.ndarray:
    """Arnoldi estimates of the outermost eigenvalues of df/dz of each sample: (batch, 60), complex."""
    return np.linalg.eigvals(np.asarray(_arnoldi(*_flat_problem(cell, x, z), ARNOLDI_STEPS)))


@partial(jax.jit, static_argnums=(0, 3))
@in_float32
def _arnoldi(apply: Apply, inputs: Inputs, z: Array, steps: int) -> Array:
    """H = Q^T J Q of each sample on its Krylov space, upper Hessenberg: (batch, steps, steps)."""
    _, push = jax.linearize(lambda z: apply(inputs, z), z)
    noise = widened(flat(jax.random.normal(jax.random.key(0), z.shape)))

    def step(basis: Array, k: Array) -> tuple[Array, Array]:
        w = widened(flat(push(basis[:, k].astype(z.dtype).reshape(z.shape))))
        w, first = _orthogonalise(w, basis)
        w, second = _orthogonalise(w, basis)  # twice, against rounding
        basis = jax.lax.dynamic_update_index_in_dim(basis, _normalise(w), k + 1, 1)
        return basis, (first + second).at[:, k + 1].set(norm(w))

    start = jnp.zeros((len(noise), steps + 1, noise.shape[1]), noise.dtype).at[:, 0].set(_normalise(noise))
    _, columns = jax.lax.scan(step, start, jnp.arange(steps))
    return jnp.moveaxis(columns, 0, 2)[:, :steps]


def _orthogonalise(w: Array, basis: Array) -> tuple[Array, Array]:
    """w minus its projection on the basis, and the coefficients. w: (batch, n), basis: (batch, m, n)."""
    coefficients = jnp.einsum("bmn,bn->bm", basis, w)
    return w - jnp.einsum("bm,bmn->bn", coefficients, basis), coefficients


def _normalise(w: Array) -> Array:
    """Rows at unit length; a row that is zero up to rounding stays zero, which ends its Krylov space."""
    size = norm(w)[:, None]
    return jnp.where(size > 1e-30, w / jnp.where(size > 1e-30, size, 1), 0)
