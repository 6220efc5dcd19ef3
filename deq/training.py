"""`fit`: training as a generator of events. Callers decide what to show, save or stop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array

from deq.data import Dataset
from deq.evaluation import Metrics, evaluate, measure
from deq.gradients import Probe
from deq.models import EquilibriumModel
from deq.recipes import Recipe
from deq.regularizers import jacobian_penalty
from deq.tasks import Examples, Loss, Task, classify


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TrainState:
    """All that changes while training; with the recipe and the seed it determines everything to come."""

    parameters: nnx.State
    average: nnx.State
    optimizer: Any
    step: Array  # () int32


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Health:
    """Means over steps of what tells a sound run from a failing one.

    metrics: of the training batches. backward_nfe, backward_converged: of the gradient's own solve (0
    where it needs none). gradient_norm: before clipping. skipped: share of updates that were not finite
    and were left out.
    """

    metrics: Metrics
    backward_nfe: Array | float
    backward_converged: Array | float
    gradient_norm: Array | float
    skipped: Array | float


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


@dataclass(frozen=True)
class _Program:
    """What a training step is compiled for."""

    graphdef: nnx.GraphDef
    loss: Loss
    recipe: Recipe


def fit(
    model: EquilibriumModel,
    data: Dataset | Task,
    recipe: Recipe,
    *,
    seed: int = 0,
    resume: TrainState | None = None,
) -> Iterator[Event]:
    """Train a copy of `model` on `data`; the model given is left as it was.

    Data order, augmentation and dropout follow from `seed` and the step's number alone, so that a run
    resumed from an event's state goes on as if it had never stopped.

    Args:
        model: see deq.models.build. data: a Dataset of images to classify, or any Task.
        recipe: see deq.recipes. seed: of the order and the noise, not of the initial weights.
        resume: the state in an event of an earlier run with the same model, data, recipe and seed.

    Yields:
        Progress after every compiled call, EpochEnd after every epoch, Finished once.

    Raises:
        ValueError: there are fewer training examples than one batch holds.
    """
    task = classify(data) if isinstance(data, Dataset) else data
    began = time.perf_counter()
    per_epoch = len(task.train.y) // recipe.batch_size
    if per_epoch == 0:
        raise ValueError(f"batch_size {recipe.batch_size} exceeds the {len(task.train.y)} training examples.")
    training = nnx.clone(model)
    training.train()
    graphdef, parameters, rest = nnx.split(training, nnx.Param, ...)  # type: ignore[misc]
    program = _Program(graphdef, task.loss, replace(recipe, epochs=1))  # a longer run is the same program
    state = start_state(parameters, recipe) if resume is None else resume
    train = jax.device_put(task.train)
    key, steps = jax.random.key(seed), per_epoch * recipe.epochs
    while (step := int(state.step)) < steps:
        epoch = step // per_epoch
        size = _call_size(step, per_epoch, steps, recipe.steps_per_call)
        state, health = _run(program, state, rest, train, key, jnp.asarray(steps), size)
        seconds = time.perf_counter() - began
        yield Progress(step + size, steps, epoch + 1, seconds, jax.tree.map(float, health), state)
        if _ends_epoch(step + size, per_epoch, steps):
            validation = evaluate(_averaged(model, state, recipe), task.validation, task.loss, recipe.solver)
            done = (step + size) // per_epoch
            yield EpochEnd(done, recipe.epochs, time.perf_counter() - began, validation, state)
    result = _averaged(model, state, recipe)
    test = evaluate(result, task.test, task.loss, recipe.solver)
    yield Finished(result, test, time.perf_counter() - began)


def start_state(parameters: nnx.State, recipe: Recipe) -> TrainState:
    """The state before the first step."""
    optimizer = _optimizer(recipe, jnp.asarray(1)).init(parameters)
    return TrainState(parameters, parameters, optimizer, jnp.zeros((), jnp.int32))


def _call_size(step: int, per_epoch: int, steps: int, most: int) -> int:
    """Steps of the next compiled call: no call crosses the end of an epoch of several steps."""
    if per_epoch == 1:
        return min(most, steps - step)
    return min(most, per_epoch - step % per_epoch)


def _ends_epoch(step: int, per_epoch: int, steps: int) -> bool:
    return step == steps or (per_epoch > 1 and step % per_epoch == 0)


def _averaged(model: EquilibriumModel, state: TrainState, recipe: Recipe) -> EquilibriumModel:
    """A copy of the model for use: the averaged weights, dropout off."""
    result = nnx.clone(model)
    nnx.update(result, state.average if recipe.average else state.parameters)
    result.eval()
    return result


def _optimizer(recipe: Recipe, steps: Array) -> optax.GradientTransformation:
    def rate(count: Array) -> Array:
        """Linear warm-up, then a cosine to zero. `steps` is traced: a longer run compiles nothing anew."""
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
    """Weight decay acts on kernels, not on biases or scales."""
    return jax.tree.map(lambda p: p.ndim > 1, parameters)


@partial(jax.jit, static_argnames=("program", "size"))
def _run(
    program: _Program,
    state: TrainState,
    rest: nnx.State,
    train: Examples,
    key: Array,
    steps: Array,
    size: int,
) -> tuple[TrainState, Health]:
    """`size` steps in one compiled call; the mean of their health."""

    def one(state: TrainState, _: None) -> tuple[TrainState, Health]:
        batch = _batch(train, program.recipe.batch_size, state.step, key)
        return _step(program, state, rest, batch, jax.random.fold_in(key, state.step), steps)

    state, health = jax.lax.scan(one, state, length=size)
    return state, jax.tree.map(jnp.nanmean, health)


def _batch(train: Examples, size: int, step: Array, key: Array) -> Examples:
    """The step's batch: every epoch has an order of its own, which follows from its number."""
    n = len(train.y)
    per_epoch = n // size
    if per_epoch == 1:
        return Examples(train.x[:size], train.y[:size])
    order = jax.random.permutation(jax.random.fold_in(key, step // per_epoch), n)
    rows = jax.lax.dynamic_slice_in_dim(order, step % per_epoch * size, size)
    return Examples(train.x[rows], train.y[rows])


def _step(
    program: _Program, state: TrainState, rest: nnx.State, batch: Examples, key: Array, steps: Array
) -> tuple[TrainState, Health]:
    recipe = program.recipe
    probe = Probe.zeros(recipe.batch_size)
    derive = jax.value_and_grad(_loss, argnums=(0, 1), has_aux=True)
    (total, metrics), (gradients, backward) = derive(state.parameters, probe, program, rest, batch, key)
    norm = optax.global_norm(gradients)
    updates, optimizer = _optimizer(recipe, steps).update(gradients, state.optimizer, state.parameters)
    parameters = optax.apply_updates(state.parameters, updates)
    average = optax.incremental_update(parameters, state.average, _fresh_share(recipe.average, state.step))
    sound = jnp.isfinite(total) & jnp.isfinite(norm)
    parameters, average, optimizer = jax.tree.map(
        lambda new, old: jnp.where(sound, new, old),
        (parameters, average, optimizer),
        (state.parameters, state.average, state.optimizer),
    )
    health = Health(metrics, backward.nfe, backward.converged, norm, 1.0 - sound)
    return TrainState(parameters, average, optimizer, state.step + 1), jax.tree.map(jnp.nanmean, health)


def _fresh_share(decay: float, step: Array) -> Array:
    """The new weights' share in the average: larger in the beginning, so that the start is forgotten."""
    return 1 - jnp.minimum(decay, (1 + step) / (10 + step))


def _loss(
    parameters: nnx.State, probe: Probe, program: _Program, rest: nnx.State, batch: Examples, key: Array
) -> tuple[Array, Metrics]:
    recipe = program.recipe
    noise, augment, hutchinson = jax.random.split(key, 3)
    model = nnx.merge(program.graphdef, parameters, rest, copy=True)
    nnx.reseed(model, default=noise, dropout=noise)
    x = batch.x if recipe.augmentation is None else recipe.augmentation(batch.x, augment)
    outputs, solution = model(x, recipe.solver, recipe.gradient, probe)
    losses = program.loss(outputs, batch.y, recipe.label_smoothing)
    total = jnp.mean(losses)
    if recipe.jacobian:
        total += recipe.jacobian * jacobian_penalty(model.cell, model.encode(x), solution.z, hutchinson)
    return total, measure(outputs, batch.y, losses, solution)
