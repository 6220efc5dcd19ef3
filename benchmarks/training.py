"""Training steps to time: the one that ships, many in one compiled call, and a plain one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from deq.data import Examples, Loss, cross_entropy
from deq.devices import everywhere, mesh_of
from deq.models import EquilibriumModel, build
from deq.training.optimizer import optimizer_of
from deq.training.order import order_of
from deq.training.recipes import Recipe
from deq.training.state import split_model, start_state
from deq.training.step import Program, run_steps

STEPS = 20
FOREVER = 10**9  # steps of the cosine: the learning rate stays constant
Run = Callable[[], Any]


def random_digits(batch: int) -> Examples:
    """Random images, (batch, 28, 28, 1) uint8, with random labels."""
    rng = np.random.default_rng(0)
    return Examples(rng.integers(0, 256, (batch, 28, 28, 1), np.uint8), rng.integers(0, 10, batch))


def training_steps(name: str, recipe: Recipe, devices: int | None) -> Run:
    """STEPS training steps of a new model on one batch of random images; devices as in `deq.devices.mesh_of`."""
    return steps_of(build(name), recipe, cross_entropy, random_digits(recipe.batch_size), devices)[0]


def steps_of(
    model: EquilibriumModel, recipe: Recipe, loss: Loss, train: Examples, devices: int | None
) -> tuple[Run, Callable[[], EquilibriumModel]]:
    """STEPS training steps on the next batches in one compiled call, and the model after the steps so far."""
    graphdef, _, rest, _ = split_model(model)
    mesh = mesh_of(devices, recipe.batch_size)
    program = Program(graphdef, loss, recipe, mesh)
    kept = [everywhere(start_state(model, recipe), mesh)]
    order = order_of(len(train.y), recipe.batch_size, 0, 0)
    fixed = everywhere((rest, train, order, np.asarray(0), np.asarray(FOREVER)), mesh)

    def run() -> Any:
        kept[0], health = run_steps(program, kept[0], *fixed, STEPS)
        return health

    return run, lambda: nnx.merge(graphdef, kept[0].parameters, rest, kept[0].statistics, copy=True)


def plain_step(model: EquilibriumModel, recipe: Recipe) -> tuple[Callable[..., Any], nnx.State, Any]:
    """step(parameters, moments, images, labels), without metrics or checks, with its parameters and Adam's moments."""
    graphdef, parameters = nnx.split(model)
    optimizer = optimizer_of(recipe, jnp.asarray(100))

    def step(parameters: nnx.State, moments: Any, images: Array, labels: Array) -> Any:
        def loss(parameters: nnx.State) -> Array:
            outputs, _ = nnx.merge(graphdef, parameters)(images, recipe.solver, recipe.gradient)
            return cross_entropy(outputs, labels, 0.0).mean()

        return optimizer.update(jax.grad(loss)(parameters), moments, parameters)

    return step, parameters, optimizer.init(parameters)
