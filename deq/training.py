"""`fit`: training as a generator of events. Callers decide what to show, save or stop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.sharding import Mesh

from deq.data import Dataset
from deq.devices import everywhere, mesh_of
from deq.evaluation import Metrics, evaluate
from deq.models import EquilibriumModel
from deq.recipes import Recipe
from deq.steps import Health, Program, TrainState, run_steps, start_state
from deq.tasks import Task, classify


@dataclass(frozen=True)
class Progress:
    """After every compiled call. step counts from 1 to steps; seconds since `fit` began."""

    step: int
    steps: int
    epoch: int
    seconds: float
    health: Health
    state: TrainState


@dataclass(frozen=True)
class EpochEnd:
    """After every epoch (after the last alone where an epoch is a single step): validated."""

    epoch: int
    epochs: int
    seconds: float
    validation: Metrics
    state: TrainState


@dataclass(frozen=True)
class Finished:
    """The trained model, its weights averaged if the recipe says so, and its test metrics."""

    model: EquilibriumModel
    test: Metrics
    seconds: float


Event = Progress | EpochEnd | Finished


def fit(
    model: EquilibriumModel,
    data: Dataset | Task,
    recipe: Recipe,
    *,
    seed: int = 0,
    resume: TrainState | None = None,
    mesh: Mesh | None = None,
) -> Iterator[Event]:
    """Train a copy of `model` on `data`; the model given is left as it was.

    Data order, augmentation and dropout follow from `seed` and the step's number alone, so that a run
    resumed from an event's state goes on as if it had never stopped.

    Args:
        model: see deq.models.build. data: a Dataset of images to classify, or any Task.
        recipe: see deq.recipes. seed: of the order and the noise, not of the initial weights.
        resume: the state in an event of an earlier run with the same model, data, recipe and seed.
        mesh: the devices that share each batch, see deq.devices.mesh_of; all that fit unless given.

    Yields:
        Progress after every compiled call, EpochEnd after every epoch, Finished once.

    Raises:
        ValueError: there are fewer training examples than one batch holds, or devices cannot share it.
    """
    task = classify(data) if isinstance(data, Dataset) else data
    began = time.perf_counter()
    calls = _Calls.plan(task, recipe)
    training = nnx.clone(model)
    training.train()
    graphdef, parameters, rest = nnx.split(training, nnx.Param, ...)  # type: ignore[misc]
    mesh = mesh_of(None, recipe.batch_size) if mesh is None else mesh
    program = Program(
        graphdef, task.loss, replace(recipe, epochs=1), mesh
    )  # a longer run is the same program
    state = start_state(parameters, recipe) if resume is None else resume
    fixed = rest, task.train, np.asarray(seed), np.asarray(calls.steps)
    state, (rest, train, seed_there, steps) = everywhere((state, fixed), mesh)
    while (step := int(state.step)) < calls.steps:
        state, health = run_steps(program, state, rest, train, seed_there, steps, calls.size(step))
        done, seconds = int(state.step), time.perf_counter() - began
        yield Progress(done, calls.steps, calls.epoch(step), seconds, jax.tree.map(float, health), state)
        if calls.ends_epoch(done):
            validation = evaluate(model_at(model, state, recipe), task.validation, task.loss, recipe.solver)
            yield EpochEnd(calls.epoch(step), recipe.epochs, time.perf_counter() - began, validation, state)
    result = model_at(model, state, recipe)
    test = evaluate(result, task.test, task.loss, recipe.solver)
    yield Finished(result, test, time.perf_counter() - began)


@dataclass(frozen=True)
class _Calls:
    """How a run's steps are dealt out to compiled calls of at most `most` steps."""

    per_epoch: int
    steps: int
    most: int

    @staticmethod
    def plan(task: Task, recipe: Recipe) -> _Calls:
        examples = len(task.train.y)
        per_epoch = examples // recipe.batch_size
        if per_epoch == 0:
            raise ValueError(f"batch_size {recipe.batch_size} exceeds the {examples} training examples.")
        return _Calls(per_epoch, per_epoch * recipe.epochs, recipe.steps_per_call)

    def size(self, step: int) -> int:
        """Steps of the call that begins after `step`; none crosses the end of an epoch of several steps."""
        room = self.steps - step if self.per_epoch == 1 else self.per_epoch - step % self.per_epoch
        return min(self.most, room)

    def epoch(self, step: int) -> int:
        """The epoch, from 1, of the call that begins after `step`."""
        return (step + self.size(step) - 1) // self.per_epoch + 1

    def ends_epoch(self, step: int) -> bool:
        """Whether to validate after `step`: after the last alone where an epoch is a single step."""
        return step == self.steps or (self.per_epoch > 1 and step % self.per_epoch == 0)


def model_at(model: EquilibriumModel, state: TrainState, recipe: Recipe) -> EquilibriumModel:
    """A copy of the model for use: the averaged weights, dropout off."""
    result = nnx.clone(model)
    weights = state.average if recipe.average else state.parameters
    nnx.update(result, jax.tree.map(jnp.asarray, jax.device_get(weights)))
    result.eval()
    return result
