"""Penalties and constraints that keep an equilibrium well posed.

Two more come with Flax: wrap a cell's layer in `nnx.WeightNorm`, or put `nnx.Dropout` into the cell.
`equilibrium` holds the cell's random state still, so that dropout draws one mask a solve (variational
dropout, Gal & Ghahramani 2016, arXiv:1512.05287); `nnx.reseed` between solves draws the next.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

Cell = TypeVar("Cell", bound=nnx.Module)


def jacobian_penalty(cell: nnx.Module, x: Any, z: Array, key: Array) -> Array:
    """Hutchinson's estimate of ||df/dz||_F^2 / n, the mean over the batch; n the entries of one state.

    One Gaussian probe a sample: E ||J^T v||^2 = ||J||_F^2. Differentiable in the cell's parameters and
    in x; z: (batch, ...) is held constant. Bai, Koltun & Kolter (2021), arXiv:2106.14342.
    """
    z = jax.lax.stop_gradient(z)
    _, pull_back = jax.vjp(lambda z: cell(z, x), z)
    (product,) = pull_back(jax.random.normal(key, z.shape, z.dtype))
    return jnp.mean(jnp.square(product))


def spectral_norm(kernel: Array, iterations: int = 30) -> Array:
    """The largest singular value of a kernel as a matrix (inputs, outputs), by power iteration.

    Its derivative is u v^T, exact once the iteration has settled. A convolution's kernel (positions...,
    in, out) gets the bound sqrt(positions) sigma, which no convolution with it exceeds.
    """
    matrix = kernel.reshape(-1, kernel.shape[-1])
    held = jax.lax.stop_gradient(matrix)

    def step(v: Array, _: None) -> tuple[Array, None]:
        return _unit(held.T @ _unit(held @ v)), None

    # A fixed start: a cell has the same norm at every call. Random entries are orthogonal to no kernel.
    start = _unit(jax.random.normal(jax.random.key(0), matrix.shape[1:], matrix.dtype))
    v, _ = jax.lax.scan(step, start, length=iterations)
    return jnp.vdot(_unit(held @ v), matrix @ v) * math.sqrt(math.prod(kernel.shape[:-2]))


def _unit(v: Array) -> Array:
    return v / (jnp.linalg.norm(v) + jnp.finfo(v.dtype).tiny)


def spectrally_normalised(cell: Cell, limit: float | Array) -> Cell:
    """A copy of the cell whose kernels (parameters of two axes or more) have a spectral norm of at most `limit`.

    kernel * min(1, limit / sigma), differentiable: derive through the copy and the gradient reaches the
    original's parameters. Make it once, before a solve. Miyato et al. (2018), arXiv:1802.05957.
    """
    if isinstance(limit, (int, float)) and not limit > 0:
        raise ValueError(f"limit must be a number > 0; got {limit!r}.")
    graphdef, parameters, *rest = nnx.split(cell, nnx.Param, ...)

    def bounded(kernel: Array) -> Array:
        if kernel.ndim < 2:
            return kernel
        return kernel * jnp.minimum(1, limit / (spectral_norm(kernel) + jnp.finfo(kernel.dtype).tiny))

    return nnx.merge(graphdef, jax.tree.map(bounded, parameters), *rest, copy=True)
