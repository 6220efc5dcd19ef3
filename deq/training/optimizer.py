"""From a gradient to new weights: clipping, Adam, weight decay, the learning rate, the average of the weights."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array

from deq.training.recipes import Recipe


def optimizer_of(recipe: Recipe, steps: Array) -> optax.GradientTransformation:
    def rate(count: Array) -> Array:
        """Linear warm-up, then a cosine to zero. `steps` is traced, so longer runs need no compilation."""
        warmup = recipe.warmup * steps
        rising = (count + 1) / jnp.maximum(warmup, 1)
        falling = 0.5 * (1 + jnp.cos(jnp.pi * (count - warmup) / jnp.maximum(steps - warmup, 1)))
        return recipe.learning_rate * jnp.minimum(rising, falling)

    return optax.chain(
        optax.clip_by_global_norm(recipe.clip),
        optax.scale_by_adam(),
        optax.add_decayed_weights(recipe.weight_decay, mask=_matrices),
        optax.scale_by_learning_rate(rate),
    )


def _matrices(parameters: Any) -> Any:
    """Mask for weight decay: kernels, not biases or scales."""
    return jax.tree.map(lambda p: p.ndim > 1, parameters)


def moved(average: nnx.State, new: nnx.State, decay: float, step: Array) -> nnx.State:
    """The running average after a step; whole numbers, such as counts, are taken over."""
    share = _fresh_share(decay, step)

    def move(old: Array, new: Array) -> Array:
        floats = jnp.issubdtype(old.dtype, jnp.inexact)
        return optax.incremental_update(new, old, share) if floats else new

    return jax.tree.map(move, average, new)


def _fresh_share(decay: float, step: Array) -> Array:
    """Weight of the new parameters in the average: larger at first, so that the initial ones are forgotten."""
    return 1 - jnp.minimum(decay, (1 + step) / (10 + step))
