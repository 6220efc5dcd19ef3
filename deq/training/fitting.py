"""Checks before training starts: whether model, task and recipe fit together."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from flax import nnx
from jax import ShapeDtypeStruct

from deq.data import Examples, Task
from deq.models import EquilibriumModel
from deq.models.affine import affine_parts
from deq.models.inference import encode, outputs_of
from deq.models.start import add_start, state_width
from deq.solvers.precision import require_reachable
from deq.training.recipes import Recipe


def check_fit(model: EquilibriumModel, task: Task) -> None:
    """Raise ValueError if the model cannot read the task's inputs, or lacks outputs for its targets."""
    for part in ("train", "validation", "test"):
        if not len(getattr(task, part).y):
            raise ValueError(f"{task.name} has no examples in its {part} part: give it some.")
    outputs = outputs_of(model, task.train.x)
    for examples in (task.train, task.validation, task.test):
        if task.has_labels:
            _check_labels(examples, outputs.shape[-1])
        elif outputs.shape[1:] != examples.y.shape[1:]:
            raise ValueError(
                f"The model's outputs have the shape {list(outputs.shape[1:])}, and the targets of {task.name} "
                f"{list(examples.y.shape[1:])}: give the head as many outputs as there are targets."
            )


def check_recipe(recipe: Recipe, model: EquilibriumModel, task: Task) -> None:
    """Raise ValueError if the recipe asks for what this model or task cannot have."""
    _check_augmentation(recipe, task)
    _check_radius(recipe, model, task)
    _check_wander(recipe, model, task.train.x)


def _check_augmentation(recipe: Recipe, task: Task) -> None:
    """Raise ValueError if the recipe distorts pictures and the task has none."""
    if recipe.augmentation is not None and (np.ndim(task.train.x) != 4 or task.train.x.shape[-1] != 1):
        raise ValueError(
            f"The recipe's augmentation distorts grey pictures, and {task.name} has none: set augmentation to false."
        )


def _check_wander(recipe: Recipe, model: EquilibriumModel, x: Any) -> None:
    """Raise ValueError if the recipe starts from noise or penalises unrest, and a state is several arrays."""
    if not (recipe.wander or recipe.unrest):
        return
    graphdef, variables = nnx.split(model)
    one = ShapeDtypeStruct((1, *x.shape[1:]), x.dtype)
    start = jax.eval_shape(lambda v, x: encode(nnx.merge(graphdef, v, copy=True), x)[1], variables, one)
    if not isinstance(start, ShapeDtypeStruct):
        raise ValueError("wander and unrest are for a state of one array: set both to 0.")


def _check_radius(recipe: Recipe, model: EquilibriumModel, task: Task) -> None:
    """Raise ValueError if the recipe trains for certificates that this model and task cannot have."""
    if recipe.certified_radius and not (affine_parts(model) and task.has_labels):
        raise ValueError(
            "certified_radius needs classes and a model with a Lipschitz bound, such as monotone: leave it out."
        )


def with_start(model: EquilibriumModel, recipe: Recipe, x: Any, seed: int) -> EquilibriumModel:
    """The model, or a copy with a learned start if the recipe asks for it and the model has none.

    x: inputs (n, ...). seed: of the start's weights. Raises ValueError if the recipe solves nothing, or the model has a
    state of several arrays.
    """
    if not recipe.learned_start:
        return model
    if not recipe.gradient.seeks_equilibrium:
        raise ValueError(
            "This gradient runs no solve that learned_start could shorten: leave learned_start out."
        )
    copy = nnx.clone(model)
    add_start(copy, state_width(model, x), rngs=nnx.Rngs(seed))
    return copy


def with_precision(model: EquilibriumModel, recipe: Recipe) -> EquilibriumModel:
    """A copy of the model whose cell multiplies in the recipe's precision; everything else stays float32.

    Raises ValueError for an unknown precision, and if the recipe's solves ask for a residual that it cannot reach.
    """
    require_reachable(recipe.precision, recipe.solver, *recipe.gradient.solvers)
    copy = nnx.clone(model)
    copy.precision = recipe.precision
    return copy


def _check_labels(examples: Examples, classes: int) -> None:
    labels = np.asarray(examples.y)
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(
            f"The labels run from {labels.min()} to {labels.max()}, but the model has {classes} classes, 0 to "
            f"{classes - 1}: give its head an output for each class, or number the labels from 0."
        )
