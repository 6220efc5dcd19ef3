"""A training step as a pure function of the state, recipe and step number; many steps per compiled call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from deq.cells.regularizers import jacobian_penalty
from deq.data import Examples, Loss
from deq.devices import sum_of_parts
from deq.gradients import Probe
from deq.models.affine import worst_outputs
from deq.models.evaluation import Metrics, measure
from deq.models.start import has_learned_start, start_loss
from deq.solvers.precision import in_float32
from deq.solvers.pytree import pytree
from deq.solvers.rounding import rounded
from deq.training.optimizer import moved, optimizer_of
from deq.training.order import batch_of
from deq.training.recipes import Recipe
from deq.training.state import TrainState, split_model
from deq.training.wander import grown, unrest, wandered

# Examples of a batch that the Jacobian penalty uses: the same expectation in a quarter of the time.
_PENALISED = 32


@pytree
@dataclass(frozen=True)
class Health:
    """Diagnostics of a run, averaged over steps.

    metrics: on the training batches. backward_nfe, backward_converged: of the backward solve (0 if the gradient needs
    none). gradient_norm: before clipping. skipped: share of updates that were not finite and were skipped. losses:
    (steps,) of each step of a call.
    """

    metrics: Metrics
    backward_nfe: Array | float
    backward_converged: Array | float
    gradient_norm: Array | float
    skipped: Array | float
    losses: Array | None = None


@dataclass(frozen=True)
class Program:
    """The static arguments of a compiled training step."""

    graphdef: nnx.GraphDef
    loss: Loss
    recipe: Recipe
    mesh: Mesh

    @property
    def parts(self) -> int:
        """Number of parts of a batch, one per device, that are solved and differentiated independently; else 1."""
        apart = self.recipe.solver.in_parts and self.recipe.gradient.in_parts
        return self.mesh.shape[self.mesh.axis_names[0]] if apart else 1


def run_steps(
    program: Program,
    state: TrainState,
    rest: nnx.State,
    train: Examples,
    order: Array,
    seed: Array,
    ends: Array,
    size: int,
) -> tuple[TrainState, Health]:
    """Run `size` steps of one epoch, in its order, in one compiled call; returns their mean health.

    The batch is split over the mesh's devices, everything else is replicated. The state is donated: it must not
    be used again. Its `best` is the caller's, and None here. ends: see deq.training.optimizer.learning_rate.
    """
    fixed = rest, train, order, seed, ends, size
    if program.recipe.average:
        return compiled_steps(program, state, *fixed)
    # Without averaging, `average` holds the same arrays as the parameters. If it were returned as well, XLA on an
    # NVIDIA H200 (jaxlib 0.11.2) would compute every step of the call from the initial parameters.
    state, health = compiled_steps(program, replace(state, average=nnx.State({})), *fixed)
    return replace(state, average=nnx.merge_state(state.parameters, state.statistics)), health


@partial(jax.jit, static_argnames=("program", "size"), donate_argnames="state")
@in_float32
def compiled_steps(
    program: Program,
    state: TrainState,
    rest: nnx.State,
    train: Examples,
    order: Array,
    seed: Array,
    ends: Array,
    size: int,
) -> tuple[TrainState, Health]:
    """`run_steps` for a state whose average is empty if the recipe has none."""
    batch_size, key = program.recipe.batch_size, jax.random.key(seed)
    everywhere = NamedSharding(program.mesh, PartitionSpec())
    split = NamedSharding(program.mesh, PartitionSpec(program.mesh.axis_names[0]))

    def one(state: TrainState, _: None) -> tuple[TrainState, Health]:
        batch = jax.lax.with_sharding_constraint(batch_of(train, order, batch_size, state.step), split)
        return _step(program, state, rest, batch, jax.random.fold_in(key, state.step), ends)

    state, health = jax.lax.scan(one, state, length=size)
    health = replace(jax.tree.map(jnp.nanmean, health), losses=health.metrics.loss)
    return jax.lax.with_sharding_constraint((state, health), everywhere)


def _step(
    program: Program, state: TrainState, rest: nnx.State, batch: Examples, key: Array, ends: Array
) -> tuple[TrainState, Health]:
    recipe = program.recipe
    noise, augment, hutchinson = jax.random.split(key, 3)
    x = batch.x if recipe.augmentation is None else recipe.augmentation(batch.x, augment)
    differentiate = partial(_differentiate, program)
    if program.parts > 1:
        differentiate = sum_of_parts(differentiate, program.mesh)
    total, gradients, statistics, sums, counts = differentiate(
        (state.parameters, state.statistics, rest, grown(ends, state.step), noise, hutchinson),
        Examples(x, batch.y),
    )
    norm = optax.global_norm(gradients)
    updates, optimizer = optimizer_of(recipe, ends).update(gradients, state.optimizer, state.parameters)
    parameters = optax.apply_updates(state.parameters, updates)
    average = state.average
    if recipe.average:
        average = moved(average, nnx.merge_state(parameters, statistics), recipe.average, state.step)
    sound = jnp.isfinite(total) & jnp.isfinite(norm)
    parameters, average, optimizer, statistics = jax.tree.map(
        lambda new, old: jnp.where(sound, new, old),
        (parameters, average, optimizer, statistics),
        (state.parameters, state.average, state.optimizer, state.statistics),
    )
    metrics, backward = jax.tree.map(jnp.divide, sums, counts)
    health = Health(metrics, backward.nfe, backward.converged, norm, 1.0 - sound)
    return TrainState(parameters, average, optimizer, state.step + 1, statistics), health


def _differentiate(
    program: Program, whole: tuple[nnx.State, nnx.State, nnx.State, Array, Array, Array], batch: Examples
) -> tuple[Array, nnx.State, nnx.State, Any, Any]:
    """The loss of one device's part of a batch: its gradient, its share of the new statistics, and the sums and
    counts of its metrics.

    Missing metrics are NaN and not counted. Random numbers in the model differ between devices.
    """
    parameters, statistics, rest, share, *keys = whole
    if program.parts > 1:
        place = jax.lax.axis_index(program.mesh.axis_names[0])
        keys = [jax.random.fold_in(key, place) for key in keys]
    differentiate = jax.value_and_grad(_loss, argnums=(0, 1), has_aux=True)
    probe = Probe.zeros(len(batch.y))
    variables = rest, statistics
    (loss, (metrics, statistics)), (gradients, backward) = differentiate(
        parameters, probe, program, variables, batch, share, *keys
    )
    sums = jax.tree.map(jnp.nansum, (metrics, backward))
    counts = jax.tree.map(lambda v: jnp.sum(~jnp.isnan(v), dtype=jnp.float32), (metrics, backward))
    return loss, gradients, _share_of(statistics, program), sums, counts


def _share_of(statistics: nnx.State, program: Program) -> nnx.State:
    """What one device adds to the statistics: their mean over devices, and the first device's whole numbers."""
    if program.parts == 1:
        return statistics
    first = jax.lax.axis_index(program.mesh.axis_names[0]) == 0
    return jax.tree.map(
        lambda v: v / program.parts if jnp.issubdtype(v.dtype, jnp.inexact) else v * first.astype(v.dtype),
        statistics,
    )


def _loss(
    parameters: nnx.State,
    probe: Probe,
    program: Program,
    variables: tuple[nnx.State, nnx.State],
    batch: Examples,
    share: Array,
    noise: Array,
    hutchinson: Array,
) -> tuple[Array, tuple[Metrics, nnx.State]]:
    recipe, parts = program.recipe, program.parts
    model = nnx.merge(program.graphdef, parameters, *variables, copy=True)
    nnx.reseed(model, default=noise, dropout=noise)
    injection = model.encode(batch.x)
    z0, depth = None, jax.random.fold_in(hutchinson, 1)
    if recipe.wander:
        z0 = wandered(model, injection, recipe.wander, depth)
    outputs, solution = model.settle(injection, recipe.solver, recipe.gradient, probe, z0=z0)
    worst = (
        worst_outputs(model, outputs, batch.y, share * recipe.certified_radius)
        if recipe.certified_radius
        else outputs
    )
    losses = program.loss(recipe.sharpness * worst, batch.y, recipe.label_smoothing)
    total = jnp.mean(losses)
    if recipe.jacobian:
        some = slice(None, None, max(1, parts * len(batch.y) // _PENALISED))
        few, z = jax.tree.map(lambda v: v[some], (injection, solution.z))
        total += recipe.jacobian * jacobian_penalty(rounded(model.cell, model.precision), few, z, hutchinson)
    if recipe.unrest:
        total += share * recipe.unrest * unrest(model, injection, solution.z)
    if has_learned_start(model):
        total += start_loss(model, injection, solution.z)
    statistics = split_model(model)[3]
    return total / parts, (measure(outputs, batch.y, losses, solution), statistics)
