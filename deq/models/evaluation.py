"""How good a model is on a set of examples: loss, accuracy, and what its solves cost and left over."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.sharding import Mesh

from deq.data import Examples, Loss
from deq.devices import everywhere, in_parts, mesh_here
from deq.gradients import Gradient, Implicit
from deq.models.model import EquilibriumModel
from deq.solvers import Solution, Solver, solve


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Metrics:
    """Means over examples: loss, accuracy (a fraction; NaN without labels), calls of f, relative residual
    (of finite ones), and the fraction of solves that converged."""

    loss: Array | float
    accuracy: Array | float
    nfe: Array | float
    residual: Array | float
    converged: Array | float


def measure(outputs: Array, y: Array, losses: Array, solution: Solution) -> Metrics:
    """Per-example values, each (batch,)."""
    labelled = jnp.issubdtype(y.dtype, jnp.integer)
    right = (jnp.argmax(outputs, axis=-1) == y).astype(jnp.float32) if labelled else jnp.full(len(y), jnp.nan)
    return Metrics(
        losses,
        right,
        solution.nfe.astype(jnp.float32),
        solution.residual.astype(jnp.float32),
        solution.converged.astype(jnp.float32),
    )


@partial(jax.jit, static_argnames=("trace", "mesh"))
def predict(
    model: EquilibriumModel, x: Array, solver: Solver, trace: int = 0, mesh: Mesh | None = None
) -> tuple[Array, Solution]:
    """Class probabilities (batch, classes) and the Solution behind them, compiled once per shape of x.

    trace: how many iterates of the solve to keep (static). mesh: devices that share the batch (static),
    see deq.devices; the one that x is on unless given.
    """

    def answer(whole: tuple[EquilibriumModel, Solver], x: Array) -> tuple[Array, Solution]:
        model, solver = whole
        injection = model.encode(x)
        solution = solve(lambda z: model.cell(z, injection), model.start(injection), solver, trace=trace)
        return model.probabilities(solution.z), solution

    run = answer if mesh is None or not solver.in_parts else in_parts(answer, mesh)
    return run((model, solver), x)


@jax.jit
def probabilities(model: EquilibriumModel, z: Array) -> Array:
    """Class probabilities of given states: (batch, ...) -> (batch, classes), compiled once per shape of z."""
    return model.probabilities(z)


def evaluate(
    model: EquilibriumModel,
    examples: Examples,
    loss: Loss,
    solver: Solver,
    gradient: Gradient = Implicit(),
    batch_size: int = 500,
    devices: int | None = None,
) -> Metrics:
    """Metrics of `model` over all examples with the given forward solver, as floats.

    devices: how many of this process's devices may share a batch; all unless given.
    gradient: the model's own, for those that take the solver's place: `Unrolled` steps or an ODE `ThroughODE`.
    """
    n = len(examples.y)
    size = min(batch_size, n)
    mesh = mesh_here(size if solver.in_parts and gradient.in_parts else 1, devices)
    examples = Examples(np.asarray(examples.x), np.asarray(examples.y))  # whichever device they are on
    model, solver = everywhere((model, solver), mesh)
    parts = []
    for start in range(0, n, size):
        rows = np.minimum(np.arange(start, start + size), n - 1)  # the last batch is filled up, then cut
        part = _evaluate_batch(model, examples.x[rows], examples.y[rows], loss, solver, gradient, mesh)
        parts.append(jax.tree.map(lambda v, start=start: np.asarray(v)[: n - start], part))
    return jax.tree.map(lambda *values: _mean_of_finite(np.concatenate(values)), *parts)


@partial(jax.jit, static_argnames=("loss", "mesh"))
def _evaluate_batch(
    model: EquilibriumModel,
    x: Array,
    y: Array,
    loss: Loss,
    solver: Solver,
    gradient: Gradient,
    mesh: Mesh,
) -> Metrics:
    outputs, solution = in_parts(lambda whole, x: whole[0](x, *whole[1:]), mesh)((model, solver, gradient), x)
    return measure(outputs, y, loss(outputs, y, 0.0), solution)


def _mean_of_finite(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean(dtype=np.float64)) if finite.size else float("nan")
