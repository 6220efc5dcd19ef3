"""df/dz at a state, sample by sample: the matrix, its eigenvalues, its spectral radius."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from deq.solvers import norm
from deq.solvers.base import flat, widened

EXACT_SIZE = 200  # entries of a state up to which the whole Jacobian is formed
ARNOLDI_STEPS = 60


def jacobian(cell: nnx.Module, x: Any, z: Array) -> Array:
    """df/dz of each sample: (batch, n, n), [b, i, j] the derivative of entry i in entry j. z: (batch, ...)."""
    return _jacobian(*nnx.split(cell), x, z)


@partial(jax.jit, static_argnums=0)
def _jacobian(graphdef: nnx.GraphDef, state: nnx.State, x: Any, z: Array) -> Array:
    _, push = jax.linearize(lambda z: nnx.merge(graphdef, state, copy=True)(z, x), z)
    batch, n = flat(z).shape

    def column(unit: Array) -> Array:
        return flat(push(jnp.broadcast_to(unit, (batch, n)).reshape(z.shape)))

    return jnp.moveaxis(jax.lax.map(column, jnp.eye(n, dtype=z.dtype)), 0, -1)


def jacobian_eigenvalues(cell: nnx.Module, x: Any, z: Array) -> np.ndarray:
    """All eigenvalues of df/dz of each sample: (batch, n), complex. For small states: n^3 work a sample."""
    return np.linalg.eigvals(np.asarray(widened(jacobian(cell, x, z))))


def spectral_radius(cell: nnx.Module, x: Any, z: Array) -> np.ndarray:
    """max |eigenvalue| of df/dz of each sample: (batch,). Picard's rate at z*, if it is below 1.

    Exact up to 200 entries a state. Beyond, Arnoldi's method on the whole batch, 60 products: its Ritz
    values find complex pairs, where a power iteration's Rayleigh quotient would not; an estimate that
    is rarely too large. Saad (2011), doi:10.1137/1.9781611970739.
    """
    if flat(z).shape[1] <= EXACT_SIZE:
        return np.abs(jacobian_eigenvalues(cell, x, z)).max(axis=1, initial=0.0)
    return np.abs(ritz_values(cell, x, z)).max(axis=1)


def ritz_values(cell: nnx.Module, x: Any, z: Array) -> np.ndarray:
    """Arnoldi's estimates of the outermost eigenvalues of df/dz of each sample: (batch, 60), complex."""
    return np.linalg.eigvals(np.asarray(_arnoldi(*nnx.split(cell), x, z, ARNOLDI_STEPS)))


@partial(jax.jit, static_argnums=(0, 4))
def _arnoldi(graphdef: nnx.GraphDef, state: nnx.State, x: Any, z: Array, steps: int) -> Array:
    """H = Q^T J Q of each sample on its Krylov space, upper Hessenberg: (batch, steps, steps)."""
    _, push = jax.linearize(lambda z: nnx.merge(graphdef, state, copy=True)(z, x), z)
    noise = widened(flat(jax.random.normal(jax.random.key(0), z.shape)))

    def step(basis: Array, k: Array) -> tuple[Array, Array]:
        w = widened(flat(push(basis[:, k].astype(z.dtype).reshape(z.shape))))
        w, first = _orthogonal(w, basis)
        w, second = _orthogonal(w, basis)  # once more, against rounding
        basis = jax.lax.dynamic_update_index_in_dim(basis, _unit(w), k + 1, 1)
        return basis, (first + second).at[:, k + 1].set(norm(w))

    start = jnp.zeros((len(noise), steps + 1, noise.shape[1]), noise.dtype).at[:, 0].set(_unit(noise))
    _, columns = jax.lax.scan(step, start, jnp.arange(steps))
    return jnp.moveaxis(columns, 0, 2)[:, :steps]


def _orthogonal(w: Array, basis: Array) -> tuple[Array, Array]:
    """w without its part in the basis, and that part's coefficients. w: (batch, n), basis: (batch, m, n)."""
    inner = jnp.einsum("bmn,bn->bm", basis, w)
    return w - jnp.einsum("bm,bmn->bn", inner, basis), inner


def _unit(w: Array) -> Array:
    """Each row at unit length; a row that has vanished against rounding stays zero and ends its Krylov space."""
    size = norm(w)[:, None]
    return jnp.where(size > 1e-30, w / jnp.where(size > 1e-30, size, 1), 0)
