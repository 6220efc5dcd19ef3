"""`fit`: training as a generator of events. Callers decide what to show, save or stop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import jax
import numpy as np
from flax import nnx
from jax.sharding import Mesh

from deq.data import Dataset, Task, classify
from deq.devices import everywhere, mesh_of
from deq.models import EquilibriumModel
from deq.models.evaluation import Metrics, evaluate
from deq.training.early_stopping import Watch
from deq.training.precision import prepared
from deq.training.recipes import Recipe
from deq.training.spectral_radius import largest_radius
from deq.training.step import Health, Program, TrainState, order_of, run_steps, start_state


@dataclass(frozen=True)
class Progress:
    """After every compiled call. step counts from 1 to steps; seconds since `fit` began.

    ends_epoch: whether an EpochEnd of the same step follows, which a run that is to stop should await.
    fault: what is wrong at this point, in words, or empty; see deq.training.early_stopping. A run may go on from any
    event's state, and should from one without a fault.
    """

    step: int
    steps: int
    epoch: int
    seconds: float
    ends_epoch: bool
    health: Health
    state: TrainState
    fault: str


@dataclass(frozen=True)
class EpochEnd:
    """After every epoch (after the last alone where an epoch is a single step): validated.

    spectral_radius: the largest of df/dz over the equilibria of a few validation inputs. fault: as in
    Progress, or what the validation shows.
    """

    epoch: int
    epochs: int
    seconds: float
    validation: Metrics
    spectral_radius: float
    state: TrainState
    fault: str


@dataclass(frozen=True)
class Finished:
    """The trained model, its weights averaged if the recipe says so, and its test metrics.

    verdict: why the run was ended early, in words, the model then being that of its last sound state;
    empty for a whole run.
    """

    model: EquilibriumModel
    test: Metrics
    seconds: float
    verdict: str


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

    Data order and augmentation follow from `seed` and the step's number alone, dropout and a penalty's
    probes also from the number of devices, so that a run resumed on as many from an event's state goes
    on as if it had never stopped.

    Args:
        model: see deq.models.build. data: a Dataset of images to classify, or any Task.
        recipe: see deq.training.recipes. seed: of the order and the noise, not of the initial weights.
        resume: the state in an event of an earlier run with the same model, data, recipe and seed.
        mesh: the devices that share each batch, see deq.devices.mesh_of; all that fit unless given. What
            mixes examples, as batch normalisation does, mixes those of a device.

    Yields:
        Progress after every compiled call, EpochEnd after every epoch, Finished once.

    Raises:
        ValueError: there are fewer training examples than one batch holds, devices cannot share it, or the
            recipe's precision is out of reach.
    """
    task = classify(data) if isinstance(data, Dataset) else data
    began = time.perf_counter()
    calls = _Calls.plan(task, recipe)
    training = prepared(model, recipe)
    training.train()  # type: ignore[no-untyped-call]  # of Flax
    graphdef, parameters, rest = nnx.split(training, nnx.Param, ...)  # type: ignore[misc]
    mesh = mesh_of(None, recipe.batch_size) if mesh is None else mesh
    here, solves = len(mesh.local_devices), (recipe.solver, recipe.gradient)
    same = replace(recipe, epochs=1, patience=0)  # a longer or more patient run is the same program
    program = Program(graphdef, task.loss, same, mesh)
    state = start_state(parameters, recipe) if resume is None else resume
    fixed = rest, task.train, np.asarray(seed), np.asarray(calls.steps)
    state, (rest, train, seed_there, steps) = everywhere((state, fixed), mesh)
    watch, verdict, kept = Watch(recipe, resume), "", on_host(state)
    ends = True  # an order holds to the end of its epoch
    while (step := int(kept.step)) < calls.steps and not verdict:
        if ends:
            order = everywhere(order_of(len(task.train.y), recipe.batch_size, step, seed), mesh)
        size, start = calls.size(step), kept
        state, health = run_steps(program, state, rest, train, order, seed_there, steps, size)
        kept, health = on_host(state), jax.tree.map(float, health)
        done, epoch, seconds = step + size, calls.epoch(step), time.perf_counter() - began
        watch.note(start, health, size)
        verdict = watch.verdict(done)
        ends = calls.ends_epoch(done)
        yield Progress(done, calls.steps, epoch, seconds, ends, health, kept, watch.fault)
        if ends:
            current = model_at(model, kept, recipe)
            validation = evaluate(current, task.validation, task.loss, *solves, devices=here)
            radius = largest_radius(current, task.validation.x, recipe.solver)
            watch.validate(kept, validation)
            seconds = time.perf_counter() - began
            yield EpochEnd(epoch, recipe.epochs, seconds, validation, radius, kept, watch.fault)
    last = watch.good if verdict and watch.good else kept
    result = model_at(model, last, recipe)
    test = evaluate(result, task.test, task.loss, *solves, devices=here)
    yield Finished(result, test, time.perf_counter() - began, verdict)


def on_host(state: TrainState) -> TrainState:
    """A copy outside the devices: the next call takes the state's memory, and an event must stay as it was."""
    return jax.tree.map(np.array, state)


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
    nnx.update(result, jax.device_put(weights))
    result.eval()  # type: ignore[no-untyped-call]
    return result
