"""From a gradient to new weights: clipping, optimizer, weight decay, learning rate, running average."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array

from deq.training.directions import OPTIMIZERS
from deq.training.recipes import Recipe


def optimizer_of(recipe: Recipe, ends: Array) -> optax.GradientTransformation:
    """The recipe's optimizer; ends: see `learning_rate`."""
    return optax.chain(
        clipped(recipe.clip),
        OPTIMIZERS[recipe.optimizer](),
        optax.add_decayed_weights(recipe.weight_decay, mask=_matrices),
        optax.scale_by_learning_rate(lambda count: learning_rate(recipe, ends, count)),
    )


def clipped(bound: float) -> optax.GradientTransformation:
    """Clip the global norm of the gradient, and separately that of a learned start, whose loss must not shrink
    the other updates."""
    clip = optax.clip_by_global_norm(bound)

    def update(gradients: Any, state: Any, _: Any = None) -> tuple[Any, Any]:
        start, others = nnx.split_state(gradients, nnx.PathContains("start_rule"), ...)
        parts = (clip.update(part, state)[0] for part in (start, others))
        return nnx.merge_state(*parts), state

    return optax.GradientTransformation(clip.init, update)


def learning_rate(recipe: Recipe, ends: Array, count: Array) -> Array:
    """Linear warm-up, then a cosine to zero; restarts after each of `ends`, the last of which is the number of steps.

    `ends` is traced, so longer runs need no compilation.
    """
    ends = jnp.atleast_1d(ends)
    current = jnp.minimum(jnp.sum(count >= ends), len(ends) - 1)
    begin = jnp.where(current > 0, ends[current - 1], 0)
    steps, count = ends[current] - begin, count - begin
    warmup = recipe.warmup * steps
    rising = (count + 1) / jnp.maximum(warmup, 1)
    share = jnp.maximum(count - warmup, 0) / jnp.maximum(steps - warmup, 1)
    falling = 0.5 * (1 + jnp.cos(jnp.pi * share))
    return recipe.learning_rate * jnp.minimum(rising, falling)


def _matrices(parameters: Any) -> Any:
    """Mask for weight decay: kernels, not biases or scales."""
    return jax.tree.map(lambda p: p.ndim > 1, parameters)


def moved(average: nnx.State, new: nnx.State, decay: float, step: Array) -> nnx.State:
    """The running average after a step; whole numbers, such as counts, are copied."""
    share = _fresh_share(decay, step)

    def move(old: Array, new: Array) -> Array:
        floats = jnp.issubdtype(old.dtype, jnp.inexact)
        return optax.incremental_update(new, old, share) if floats else new

    return jax.tree.map(move, average, new)


def _fresh_share(decay: float, step: Array) -> Array:
    """Weight of the new parameters in the average: larger at first, so that the initial ones fade quickly."""
    return 1 - jnp.minimum(decay, (1 + step) / (10 + step))
