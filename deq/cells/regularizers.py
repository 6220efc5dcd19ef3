"""The Jacobian penalty, which keeps an equilibrium stable and fast to find.

Two more regularizers come with Flax: wrap a cell's layer in `nnx.WeightNorm`, or put `nnx.Dropout` in the cell.
`equilibrium` holds the cell's random state fixed, so dropout draws one mask per solve (variational dropout,
Gal & Ghahramani 2016, arXiv:1512.05287); call `nnx.reseed` between solves for a new mask.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array


def jacobian_penalty(cell: Callable[[Any, Any], Any], x: Any, z: Any, key: Array) -> Array:
    """Hutchinson's estimate of ||df/dz||_F^2 / n, averaged over the batch; n is the number of state entries.

    One Gaussian probe per sample: E ||J^T v||^2 = ||J||_F^2. Differentiable in the cell's parameters and
    in x; z: (batch, ...), or a pytree of such arrays, is held constant. Bai, Koltun & Kolter (2021), arXiv:2106.14342.
    """
    z = jax.lax.stop_gradient(z)
    with jax.default_matmul_precision("highest"):  # float32 on every backend
        _, pull_back = jax.vjp(lambda z: cell(z, x), z)
    leaves, tree = jax.tree.flatten(z)
    keys = jax.random.split(key, len(leaves)) if len(leaves) > 1 else [key]
    probe = [jax.random.normal(k, leaf.shape, leaf.dtype) for k, leaf in zip(keys, leaves, strict=True)]
    products = jax.tree.leaves(pull_back(jax.tree.unflatten(tree, probe)))
    return sum(jnp.sum(jnp.square(v)) for v in products) / sum(v.size for v in products)
