"""Everything that changes in training, and how it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from deq.models import EquilibriumModel
from deq.solvers.pytree import pytree
from deq.training.optimizer import optimizer_of
from deq.training.recipes import Recipe


@pytree
@dataclass(frozen=True)
class Best:
    """The best epoch so far, as part of a checkpoint: a resumed run chooses as if it had never stopped.

    score: () float32, its validation accuracy or, without labels, minus the loss. epoch: () int32, 0 before the first.
    stale: () int32, epochs since. weights: averaged, None unless the recipe keeps the best.
    """

    score: Array | np.ndarray
    epoch: Array | np.ndarray
    stale: Array | np.ndarray
    weights: nnx.State | None


@pytree
@dataclass(frozen=True)
class TrainState:
    """Everything that changes in training; with recipe and seed it determines the rest of the run.

    statistics: the variables that the model itself updates in a forward pass, such as those of batch normalisation.
    average: of parameters and statistics. step: () int32. best: where the recipe asks for the best epoch, else None.
    """

    parameters: nnx.State
    average: nnx.State
    optimizer: Any
    step: Array
    statistics: nnx.State
    best: Best | None = None


def split_model(model: EquilibriumModel) -> tuple[nnx.GraphDef, nnx.State, nnx.State, nnx.State]:
    """Its structure, parameters, random state, and statistics: all other variables."""
    graphdef, parameters, random, statistics = nnx.split(model, nnx.Param, nnx.RngState, ...)  # type: ignore[misc]
    return graphdef, parameters, random, statistics


def start_state(model: EquilibriumModel, recipe: Recipe) -> TrainState:
    """The state before the first step."""
    _, parameters, _, statistics = split_model(model)
    optimizer = optimizer_of(recipe, jnp.asarray(1)).init(parameters)
    average = nnx.merge_state(parameters, statistics)
    best = first_best(average, recipe)
    return TrainState(parameters, average, optimizer, jnp.zeros((), jnp.int32), statistics, best)


def first_best(average: nnx.State, recipe: Recipe) -> Best | None:
    """The state before the first epoch; None if the recipe asks for neither the best weights nor early stopping."""
    if not (recipe.keep_best or recipe.early_stopping):
        return None
    none = np.zeros((), np.int32)
    return Best(np.asarray(-np.inf, np.float32), none, none, average if recipe.keep_best else None)
