"""How good a model is: loss, accuracy, the cost and residual of its solves, its spectral radius."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from deq.data import Examples, Loss, Task
from deq.gradients import Gradient, Implicit
from deq.gradients.spectrum import spectral_radius
from deq.models.inference import Results, batch_size_of, encode, infer
from deq.models.model import EquilibriumModel
from deq.solvers import Solution, Solver
from deq.solvers.pytree import pytree


@pytree
@dataclass(frozen=True)
class Metrics:
    """Means over examples: loss, accuracy (a fraction; NaN without labels; an answer with many places is right only if
    all are), nfe, relative residual (finite ones only), the fraction of solves that converged, and the share of places
    that are right (the accuracy, if there is one place)."""

    loss: Array | float
    accuracy: Array | float
    nfe: Array | float
    residual: Array | float
    converged: Array | float
    places: Array | float = float("nan")


def measure(
    outputs: Array | np.ndarray, y: Array | np.ndarray, losses: Array, solved: Solution | Results
) -> Metrics:
    """Per-example values of each metric, (batch,)."""
    labelled = jnp.issubdtype(y.dtype, jnp.integer)
    finite = jnp.isfinite(outputs).all(axis=-1)  # the largest of NaNs would be class 0
    alike = ((jnp.argmax(outputs, axis=-1) == y) & finite) if labelled else jnp.full(len(y), jnp.nan)
    places = alike.reshape(len(y), -1).astype(jnp.float32)
    values: tuple[Any, ...] = (
        losses,
        places.min(1),  # a whole answer is right only if its worst place is
        solved.nfe,
        solved.residual,
        solved.converged,
        places.mean(1),
    )
    return Metrics(*(value.astype(jnp.float32) for value in values))


def evaluate(
    model: EquilibriumModel,
    examples: Examples,
    loss: Loss,
    solver: Solver,
    gradient: Gradient = Implicit(),
    *,
    batch_size: int | None = None,
    devices: int | None = None,
) -> Metrics:
    """Metrics of `model` over all examples, as floats. gradient, batch_size, devices: as in `infer`."""
    found = infer(model, examples.x, solver, gradient, batch_size=batch_size, devices=devices)
    y = np.asarray(examples.y)
    losses = _losses(found.outputs, y, loss)
    values = measure(found.outputs, y, losses, found)
    means = jax.tree.map(lambda v: float(np.asarray(v).mean(dtype=np.float64)), values)
    return replace(means, residual=_mean_of_finite(np.asarray(values.residual)))


def evaluate_task(
    model: EquilibriumModel,
    task: Task,
    part: Examples,
    solver: Solver,
    gradient: Gradient = Implicit(),
    *,
    devices: int | None = None,
) -> Metrics:
    """`evaluate` on the validation or test part of a task; one compiled program serves both."""
    size = batch_size_for(task)
    return evaluate(model, part, task.loss, solver, gradient, batch_size=size, devices=devices)


def batch_size_for(task: Task) -> int:
    """The same batch size for the validation and test parts of a task: a batch that is not full costs less than another
    compilation."""
    return max(batch_size_of(part.x) for part in (task.validation, task.test))


@partial(jax.jit, static_argnames="loss")
def _losses(outputs: Array, y: Array, loss: Loss) -> Array:
    return loss(outputs, y, 0.0)


def _mean_of_finite(values: Array | np.ndarray) -> float:
    kept = np.asarray(values)[np.isfinite(values)]
    return float(kept.mean(dtype=np.float64)) if kept.size else float("nan")


PROBED = 16  # number of inputs


def largest_radius(model: EquilibriumModel, x: np.ndarray, solver: Solver) -> float:
    """The largest spectral radius of df/dz at the equilibria of the first 16 of x: (n, ...); NaN if a Jacobian
    is not finite. Compiled once per model structure."""
    few = x[:PROBED]
    (injection, _), z = encode(model, few), infer(model, few, solver, batch_size=len(few), states=True).states
    try:
        return float(spectral_radius(model.cell, injection, jax.device_put(z)).max())
    except np.linalg.LinAlgError:
        return float("nan")
