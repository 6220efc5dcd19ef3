"""A learned start: a small network guesses the equilibrium, so that the solve has less left to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array, ShapeDtypeStruct

from deq.models.architectures import Architecture
from deq.models.model import EquilibriumModel, Start, zero_start
from deq.models.multiscale import JoinedCell


class LearnedStart(nnx.Module):
    """z0 = W2 relu(W1 x + b1) + b2 on the last axis of the injection x: (..., width); 2 width (width + 1) parameters.

    The equilibrium does not depend on it, only the number of calls. Untrained, z0 = 0. plain: the start that it
    replaces. Pal, Edelman & Rackauckas (2022), arXiv:2201.12240.
    """

    def __init__(self, width: int, plain: Start = zero_start, *, rngs: nnx.Rngs) -> None:
        self.inner = nnx.Linear(width, width, rngs=rngs)
        self.outer = nnx.Linear(width, width, kernel_init=nnx.initializers.zeros, rngs=rngs)
        self.plain = plain

    def __call__(self, cell: nnx.Module, x: Array) -> Array:
        return self.outer(jax.nn.relu(self.inner(x)))


def has_learned_start(model: EquilibriumModel) -> bool:
    """Whether solves begin at a learned start."""
    return isinstance(model.start_rule, LearnedStart)


def add_start(model: EquilibriumModel, width: int, *, rngs: nnx.Rngs) -> None:
    """Add an untrained learned start of this width to the model, in place; one that it already has is kept."""
    if not has_learned_start(model):
        model.start_rule = nnx.data(LearnedStart(width, model.start_rule, rngs=rngs))


def plain_start(model: EquilibriumModel) -> EquilibriumModel:
    """A copy whose solves begin where they would without the learned start. Raises ValueError if the model has none."""
    if not isinstance(model.start_rule, LearnedStart):
        raise ValueError("The model has no learned start: leave out --plain-start (in Python, plain_start).")
    copy = nnx.clone(model)
    copy.start_rule = nnx.static(model.start_rule.plain)
    return copy


def start_loss(model: EquilibriumModel, injection: Array, z: Array) -> Array:
    """||z0 - z||^2 / ||z||^2, the mean over the batch. injection, z: (batch, ...), both held constant.

    The model must have a learned start; only the start's parameters get a gradient.
    """
    x, z = jax.lax.stop_gradient((injection, z))
    z0 = model.start_rule(model.cell, x)
    axes = tuple(range(1, z.ndim))
    return jnp.mean(jnp.sum(jnp.square(z0 - z), axes) / (jnp.sum(jnp.square(z), axes) + 1e-8))


def input_of(model: str | Architecture) -> ShapeDtypeStruct:
    """An input of a model in MODELS or of an architecture, as shape and dtype: (1, ...)."""
    shape = (model.inputs,) if isinstance(model, Architecture) else _INPUTS.get(model, (28, 28, 1))
    return ShapeDtypeStruct((1, *shape), jnp.float32)


_INPUTS = {"toy": (1,), "prefix": (8, 1), "maze": (8, 8, 6)}  # of the others, pictures


def has_start(arrays: Iterable[str]) -> bool:
    """Whether the arrays of these names hold a learned start."""
    return any(name.startswith("start_rule.") for name in arrays)


def width_in(arrays: Mapping[str, np.ndarray]) -> int:
    """The width of the learned start in these arrays. Raises ValueError if its kernel is not square."""
    shape = arrays.get("start_rule.inner.kernel", np.zeros(())).shape
    if len(shape) != 2 or shape[0] != shape[1]:  # a damaged file's width could need any amount of memory
        raise ValueError(f"start_rule.inner.kernel must be square; it has the shape {list(shape)}.")
    return int(shape[0])


def state_width(model: EquilibriumModel, x: Any) -> int:
    """The last axis of the states for inputs like x: (n, ...), without computing them.

    Raises ValueError if a state is more than one array, is joined from several, or differs in shape from the injection.
    """
    graphdef, variables = nnx.split(model)
    one = ShapeDtypeStruct((1, *x.shape[1:]), x.dtype)

    def both(v: nnx.State, x: Array) -> tuple[Any, Any]:
        whole = nnx.merge(graphdef, v, copy=True)
        injection = whole.encode(x)
        return injection, whole.start(injection)

    injection, z0 = jax.eval_shape(both, variables, one)
    if isinstance(model.cell, JoinedCell) or not isinstance(injection, ShapeDtypeStruct):
        raise ValueError("A learned start needs a state of one array: leave it out for a model with several.")
    if z0.shape != injection.shape:
        raise ValueError(
            "A learned start needs a state of the injection's shape: leave it out for a model such as `maze`."
        )
    return int(injection.shape[-1])
