"""The order of the examples: a new permutation each epoch, determined by the seed and the step alone."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from deq.data import Examples


@partial(jax.jit, static_argnames=("n", "size"))
def order_of(n: int, size: int, step: Array, seed: Array) -> Array:
    """The order of the n examples in the epoch of `step`: a new permutation, unless one batch holds them all.

    Compute it once per epoch: sorting 55,000 numbers takes as long as several training steps.
    """
    if n == size:
        return jnp.arange(n)
    return jax.random.permutation(jax.random.fold_in(jax.random.key(seed), step // (n // size)), n)


def batch_of(train: Examples, order: Array, size: int, step: Array) -> Examples:
    """The `size` examples of a step, given the epoch's order."""
    rows = jax.lax.dynamic_slice_in_dim(order, step % (len(order) // size) * size, size)
    return Examples(train.x[rows], train.y[rows])
