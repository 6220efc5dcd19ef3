"""`fit`: training as a generator of events. Callers decide what to show, save or stop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

import jax
import numpy as np
from flax import nnx
from jax.sharding import Mesh

from deq.data import Dataset, Examples, Task, classify
from deq.devices import everywhere, mesh_of
from deq.models import EquilibriumModel
from deq.models.evaluation import Metrics, evaluate_task, largest_radius
from deq.models.start import add_start
from deq.training.best import BestEpoch
from deq.training.calls import Calls
from deq.training.early_stopping import EarlyStopping
from deq.training.events import EpochEnd, Event, Finished, Progress
from deq.training.fitting import check_fit, check_recipe, with_precision, with_start
from deq.training.order import order_of
from deq.training.recipes import Recipe
from deq.training.state import TrainState, split_model, start_state
from deq.training.step import Health, Program, run_steps

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
        recipe: see deq.training.recipes. seed: of data order, noise and a learned start's weights, not the model's.
        resume: the state from an event of an earlier run with the same model, data, recipe and seed. To train more
            epochs, put the last epoch so far into `restarts`: without it the learning rate would jump up.
        mesh: the devices that share each batch, see deq.devices.mesh_of; by default the most that divide the batch
            evenly. Layers that mix examples, such as batch normalisation, see those of one device.

    Yields:
        Progress after every compiled call, EpochEnd after every epoch, Finished once.

    Raises:
        ValueError: the batch is larger than the training set or cannot be split over the devices, the recipe's
            precision is unknown or cannot reach its solvers' tol, or model and data do not fit, see
            deq.training.fitting.
    """
    task = classify(data) if isinstance(data, Dataset) else data
    run = _Run(model, task, recipe, seed, resume, mesh)
    while run.unfinished:
        yield run.train()
        if run.ends_epoch:
            yield run.validate()
    yield run.finish()


class _Run:
    """The state of a run, and what it does: train, validate, finish.

    state: on the devices, donated to the next call. kept: its copy on the host, for events and checkpoints. verdict:
    why the run must stop, or empty. ends_epoch: whether the data order changes, and the model is validated.
    validated: the weights validated last, their metrics and spectral radius.
    """

    def __init__(
        self,
        model: EquilibriumModel,
        task: Task,
        recipe: Recipe,
        seed: int,
        resume: TrainState | None,
        mesh: Mesh | None,
    ) -> None:
        self.began, self.calls = time.perf_counter(), Calls.plan(task, recipe)
        check_fit(model, task)
        check_recipe(recipe, model, task)
        self.model, self.task = with_start(model, recipe, task.train.x, seed), task
        self.recipe, self.seed = recipe, seed
        self.mesh = mesh_of(None, recipe.batch_size) if mesh is None else mesh
        training = with_precision(self.model, recipe)
        training.train()  # type: ignore[no-untyped-call]  # of Flax
        graphdef, _, rest, _ = split_model(training)
        self.program = Program(graphdef, task.loss, _compiled(recipe), self.mesh)
        first = start_state(training, recipe) if resume is None else resume
        self.chooser = BestEpoch(recipe, task.has_labels, on_host(first.best))
        self.stopping = EarlyStopping(recipe, resume)
        fixed = rest, task.train, np.asarray(seed), np.asarray(self.calls.ends(recipe.restarts))
        self.state, self.fixed = everywhere((replace(first, best=None), fixed), self.mesh)
        self.kept = self.chooser.mark(on_host(self.state))
        self.verdict = self.chooser.verdict(self.calls.epoch(int(self.kept.step) - 1))
        self.ends_epoch = True
        self.validated: tuple[nnx.State, Metrics, float] | None = None

    @property
    def unfinished(self) -> bool:
        return int(self.kept.step) < self.calls.steps and not self.verdict

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def train(self) -> Progress:
        """One compiled call."""
        start, step = self.kept, int(self.kept.step)
        if self.ends_epoch:
            order = order_of(len(self.task.train.y), self.recipe.batch_size, step, self.seed)
            self.order = everywhere(order, self.mesh)
        rest, train, seed, ends = self.fixed
        size = self.calls.size(step)
        self.state, there = run_steps(self.program, self.state, rest, train, self.order, seed, ends, size)
        self.kept, health = self.chooser.mark(on_host(self.state)), _as_numbers(there)
        seconds, done = self.seconds, step + size
        self.stopping.observe(start, health, size)
        self.verdict = self.stopping.verdict(done, self.chooser.kept_epoch)
        self.epoch, self.ends_epoch = self.calls.epoch(step), self.calls.ends_epoch(done)
        steps, fault = self.calls.steps, self.stopping.fault
        return Progress(done, steps, self.epoch, seconds, self.ends_epoch, health, self.kept, fault)

    def validate(self) -> EpochEnd:
        """Measure the model at the end of an epoch, and decide whether it is the best or the last."""
        found, radius = self._validation(self.kept, model_at(self.model, self.kept, self.recipe))
        self.stopping.validate(self.kept, found)
        fault = self.stopping.fault
        self.kept = self.chooser.validate(self.epoch, self.kept, found, fault)
        self.verdict = self.verdict or self.chooser.verdict(self.epoch)
        return EpochEnd(self.epoch, self.recipe.epochs, self.seconds, found, radius, self.kept, fault)

    def finish(self) -> Finished:
        """The final model and its metrics; after a lost equilibrium that of the last sound state."""
        last = self.stopping.good if self.verdict and self.stopping.good else self.kept
        chosen = self.chooser.chosen(last)
        model = model_at(self.model, chosen, self.recipe)
        test, (validation, radius) = self._measure(model, self.task.test), self._validation(chosen, model)
        lost = bool(self.stopping.verdict(int(self.kept.step)))
        seconds, best = self.seconds, self.chooser.best
        return Finished(model, test, validation, radius, seconds, self.verdict, lost, best)

    def _validation(self, state: TrainState, model: EquilibriumModel) -> tuple[Metrics, float]:
        """The validation metrics and spectral radius of `model`, which is the model of `state`; not measured twice."""
        if self.validated is None or self.validated[0] is not state.average:
            found = self._measure(model, self.task.validation)
            radius = largest_radius(model, self.task.validation.x, self.recipe.solver)
            self.validated = state.average, found, radius
        return self.validated[1:]

    def _measure(self, model: EquilibriumModel, part: Examples) -> Metrics:
        solves, here = (self.recipe.solver, self.recipe.gradient), len(self.mesh.local_devices)
        return evaluate_task(model, self.task, part, *solves, devices=here)


def _compiled(recipe: Recipe) -> Recipe:
    """The recipe without the settings that need no new compilation."""
    return replace(recipe, epochs=1, patience=0, keep_best=False, early_stopping=0, restarts=())


def on_host(state: T) -> T:
    """A copy in host memory: the next call reuses the device buffers, and events must not change."""
    return jax.tree.map(np.array, state)


def _as_numbers(health: Health) -> Health:
    means = jax.tree.map(float, replace(health, losses=None))
    return replace(means, losses=np.asarray(health.losses))


def model_at(model: EquilibriumModel, state: TrainState, recipe: Recipe) -> EquilibriumModel:
    """A copy of the model for inference: averaged weights if the recipe averages, dropout off."""
    result = nnx.clone(model)
    if recipe.learned_start:
        kernel: Any = state.average["start_rule"]["inner"]["kernel"]
        add_start(result, kernel.shape[0], rngs=nnx.Rngs(0))
    nnx.update(result, jax.device_put(state.average))  # the last weights, where the recipe does not average
    result.eval()  # type: ignore[no-untyped-call]
    return result
