"""`fit`: training as a generator of events. Callers decide what to show, save or stop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import jax
import numpy as np
from flax import nnx
from jax.sharding import Mesh

from deq.data import Dataset, Task, classify
from deq.devices import everywhere, mesh_of
from deq.models import EquilibriumModel
from deq.models.evaluation import Metrics, evaluate, largest_radius
from deq.models.start import add_start
from deq.training.best import BestEpoch
from deq.training.early_stopping import EarlyStopping
from deq.training.fitting import check_fit, check_recipe, with_precision, with_start
from deq.training.order import order_of
from deq.training.recipes import Recipe
from deq.training.state import Best, TrainState, split_model, start_state
from deq.training.step import Health, Program, run_steps


@dataclass(frozen=True)
class Progress:
    """Yielded after every compiled call. step: from 1 to steps. seconds: since `fit` began.

    ends_epoch: whether an EpochEnd of the same step follows; callers that want to stop should wait for it.
    fault: what is wrong at this point, or empty; see deq.training.early_stopping. Resume from a state without a
    fault.
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
    """Yielded after every epoch, with validation metrics.

    Where an epoch is a single step, only the last one yields it, unless the recipe asks for the best epoch.

    spectral_radius: the largest of df/dz at the equilibria of a few validation inputs. fault: as in Progress,
    or found by the validation.
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
    """The trained model, with averaged weights if the recipe says so, and its metrics on test and validation set.

    spectral_radius: as in EpochEnd, of this model. verdict: why the run was stopped early, or empty. lost: whether it
    was because the equilibrium was lost; the model is then from its last sound state. best: the epoch with the best
    validation result, None unless the recipe asks for it; with `keep_best` the model has its weights.
    """

    model: EquilibriumModel
    test: Metrics
    validation: Metrics
    spectral_radius: float
    seconds: float
    verdict: str
    lost: bool
    best: Best | None = None


Event = Progress | EpochEnd | Finished
T = TypeVar("T")


def fit(
    model: EquilibriumModel,
    data: Dataset | Task,
    recipe: Recipe,
    *,
    seed: int = 0,
    resume: TrainState | None = None,
    mesh: Mesh | None = None,
) -> Iterator[Event]:
    """Train a copy of `model` on `data`; `model` itself does not change.

    Data order and augmentation depend only on `seed` and the step, dropout and the Jacobian penalty's probes also
    on the number of devices: a run resumed from an event's state on as many devices ends bitwise the same, if it keeps
    its equilibrium, see deq.training.early_stopping.

    Args:
        model: see deq.models.build. data: a Dataset of images to classify, or any Task.
        recipe: see deq.training.recipes. seed: of data order and noise, not of the initial weights.
        resume: the state from an event of an earlier run with the same model, data, recipe and seed. To train more
            epochs, put the last epoch so far into `restarts`: without it the learning rate would jump up.
        mesh: the devices that share each batch, see deq.devices.mesh_of; by default as many as fit. Layers that
            mix examples, such as batch normalisation, see those of one device.

    Yields:
        Progress after every compiled call, EpochEnd after every epoch, Finished once.

    Raises:
        ValueError: the batch is larger than the training set or cannot be split over the devices, the recipe's
            precision does not work, or model and data do not fit, see deq.training.fitting.
    """
    task = classify(data) if isinstance(data, Dataset) else data
    began = time.perf_counter()
    calls = _Calls.plan(task, recipe)
    check_fit(model, task)
    check_recipe(recipe, model, task)
    training = with_precision(model := with_start(model, recipe, task.train.x, seed), recipe)
    training.train()  # type: ignore[no-untyped-call]  # of Flax
    graphdef, _, rest, _ = split_model(training)
    mesh = mesh_of(None, recipe.batch_size) if mesh is None else mesh
    here, solves = len(mesh.local_devices), (recipe.solver, recipe.gradient)
    program = Program(graphdef, task.loss, _compiled(recipe), mesh)
    state = start_state(training, recipe) if resume is None else resume
    chooser = BestEpoch(recipe, task.has_labels, on_host(state.best))
    fixed = rest, task.train, np.asarray(seed), np.asarray(calls.ends(recipe.restarts))
    state, (rest, train, seed_there, ends_there) = everywhere((replace(state, best=None), fixed), mesh)
    stopping, kept = EarlyStopping(recipe, resume), chooser.mark(on_host(state))
    verdict = chooser.verdict(calls.epoch(int(kept.step) - 1))
    ends = True  # the data order changes at the end of an epoch
    while (step := int(kept.step)) < calls.steps and not verdict:
        if ends:
            order = everywhere(order_of(len(task.train.y), recipe.batch_size, step, seed), mesh)
        size, start = calls.size(step), kept
        state, health = run_steps(program, state, rest, train, order, seed_there, ends_there, size)
        kept, health = chooser.mark(on_host(state)), _as_numbers(health)
        done, epoch, seconds = step + size, calls.epoch(step), time.perf_counter() - began
        stopping.observe(start, health, size)
        verdict = stopping.verdict(done, chooser.kept_epoch)
        ends = calls.ends_epoch(done)
        yield Progress(done, calls.steps, epoch, seconds, ends, health, kept, stopping.fault)
        if ends:
            current = model_at(model, kept, recipe)
            validation = evaluate(current, task.validation, task.loss, *solves, devices=here)
            radius = largest_radius(current, task.validation.x, recipe.solver)
            stopping.validate(kept, validation)
            kept = chooser.validate(epoch, kept, validation, stopping.fault)
            verdict = verdict or chooser.verdict(epoch)
            seconds = time.perf_counter() - began
            yield EpochEnd(epoch, recipe.epochs, seconds, validation, radius, kept, stopping.fault)
    last = stopping.good if verdict and stopping.good else kept
    result = model_at(model, chooser.chosen(last), recipe)
    test, validation, radius = _measure(result, task, recipe, here)
    seconds, lost = time.perf_counter() - began, bool(stopping.verdict(int(kept.step)))
    yield Finished(result, test, validation, radius, seconds, verdict, lost, chooser.best)


def _measure(
    model: EquilibriumModel, task: Task, recipe: Recipe, devices: int
) -> tuple[Metrics, Metrics, float]:
    """Metrics on the test and on the validation set, and the spectral radius."""
    test, validation = (
        evaluate(model, part, task.loss, recipe.solver, recipe.gradient, devices=devices)
        for part in (task.test, task.validation)
    )
    return test, validation, largest_radius(model, task.validation.x, recipe.solver)


def _compiled(recipe: Recipe) -> Recipe:
    """The recipe without the settings that need no new compilation."""
    return replace(recipe, epochs=1, patience=0, keep_best=False, early_stopping=0, restarts=())


def on_host(state: T) -> T:
    """A copy in host memory: the next call reuses the device buffers, and events must not change."""
    return jax.tree.map(np.array, state)


def _as_numbers(health: Health) -> Health:
    means = jax.tree.map(float, replace(health, losses=None))
    return replace(means, losses=np.asarray(health.losses))


@dataclass(frozen=True)
class _Calls:
    """Splits a run into compiled calls of at most `most` steps."""

    per_epoch: int
    steps: int
    most: int
    validates: bool  # after every epoch

    @staticmethod
    def plan(task: Task, recipe: Recipe) -> _Calls:
        examples = len(task.train.y)
        per_epoch = examples // recipe.batch_size
        if per_epoch == 0:
            raise ValueError(
                f"batch_size {recipe.batch_size} exceeds the {examples} training examples: choose a smaller one."
            )
        most = recipe.steps_per_call
        if (
            jax.default_backend() != "cpu"
        ):  # an epoch takes a second there: leave no dispatch or transfer inside it
            most = max(most, per_epoch)
        reorders = examples > recipe.batch_size  # at the end of each epoch
        validates = reorders or recipe.keep_best or recipe.early_stopping > 0
        return _Calls(per_epoch, per_epoch * recipe.epochs, most, validates)

    def size(self, step: int) -> int:
        """Number of steps in the call after `step`; no call crosses the end of an epoch that is validated."""
        room = self.per_epoch - step % self.per_epoch if self.validates else self.steps - step
        return min(self.most, room)

    def epoch(self, step: int) -> int:
        """The epoch, from 1, in which the call after `step` ends."""
        return (step + self.size(step) - 1) // self.per_epoch + 1

    def ends_epoch(self, step: int) -> bool:
        """Whether to validate after `step`."""
        return step == self.steps or (self.validates and step % self.per_epoch == 0)

    def ends(self, restarts: tuple[int, ...]) -> list[int]:
        """The steps after which the learning rate restarts, and the last step."""
        return [epoch * self.per_epoch for epoch in restarts if epoch * self.per_epoch < self.steps] + [
            self.steps
        ]


def model_at(model: EquilibriumModel, state: TrainState, recipe: Recipe) -> EquilibriumModel:
    """A copy of the model for inference: averaged weights if the recipe averages, dropout off."""
    result = nnx.clone(model)
    if recipe.learned_start:
        kernel: Any = state.average["start_rule"]["inner"]["kernel"]
        add_start(result, kernel.shape[0], rngs=nnx.Rngs(0))
    nnx.update(result, jax.device_put(state.average))  # the last weights, where the recipe does not average
    result.eval()  # type: ignore[no-untyped-call]
    return result
