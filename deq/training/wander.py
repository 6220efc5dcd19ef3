"""What training asks for besides the right answer: the same answer from any start, and an equilibrium there."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from deq.models import EquilibriumModel


def wandered(model: EquilibriumModel, injection: Any, most: int, key: Array) -> Any:
    """Where the solves of a training step start: at a random depth, without a derivative.

    Each example starts from the model's own start or from noise, with equal probability; then the whole batch runs for
    a random number of calls of the cell, 0 to `most` - 1. Anil et al. (2022), arXiv:2211.09961; Bansal et al. (2022),
    arXiv:2202.05826.
    """
    noise, which, depth = jax.random.split(key, 3)
    start = model.start(injection)
    drawn = jax.random.normal(noise, start.shape, start.dtype)
    here = jax.random.bernoulli(which, shape=(len(start), *[1] * (start.ndim - 1)))
    calls = jax.random.randint(depth, (), 0, most)
    z = jnp.where(here, drawn, start)
    return jax.lax.fori_loop(0, calls, lambda _, z: jax.lax.stop_gradient(model.cell(z, injection)), z)


def unrest(model: EquilibriumModel, injection: Any, z: Array) -> Array:
    """||f(z) - z||^2 / ||f(z)||^2, the mean over the batch; the size is held constant."""
    f_z = model.cell(z, injection)
    axes = tuple(range(1, z.ndim))
    size = jax.lax.stop_gradient(jnp.sum(jnp.square(f_z), axes))
    return jnp.mean(jnp.sum(jnp.square(f_z - z), axes) / (size + 1e-8))


def grown(ends: Array, step: Array) -> Array:
    """0 to 1 over the first half of the run, for penalties that need a partly trained model."""
    return jnp.minimum(1.0, step / jnp.maximum(jnp.atleast_1d(ends)[-1] / 2, 1))
