"""The forward pass: batched, padded, split over devices and compiled here, for all who ask a model something."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np
from flax import nnx
from jax import Array
from jax.sharding import Mesh

from deq.devices import everywhere, in_parts, mesh_here
from deq.gradients import Gradient, Implicit
from deq.gradients.base import Apply
from deq.models.model import EquilibriumModel
from deq.solvers import Solution, Solver, Trace, solve

BATCH = 500  # examples solved at once unless another number is given


@dataclass(frozen=True)
class Results:
    """What a model makes of n examples, a row each.

    outputs: (n, k) of the head. probabilities: (n, k) calibrated, where the outputs are scores of classes.
    nfe: (n,) calls of f. residual: (n,) relative. converged: (n,) bool; where it is False there was no
    equilibrium, and `labels` is a last state's guess. states: (n, ...), where asked for. trace, paths: the
    way to each equilibrium and the probabilities along it (n, trace, k), where asked for; NaN past the end.
    """

    outputs: np.ndarray
    probabilities: np.ndarray
    nfe: np.ndarray
    residual: np.ndarray
    converged: np.ndarray
    states: np.ndarray | None = None
    trace: Trace | None = None
    paths: np.ndarray | None = None

    @property
    def labels(self) -> np.ndarray:
        """The most probable class, (n,)."""
        return self.probabilities.argmax(axis=1)

    @property
    def confidence(self) -> np.ndarray:
        """The probability of that class, (n,)."""
        return self.probabilities.max(axis=1)


def infer(
    model: EquilibriumModel,
    x: Any,
    solver: Solver,
    gradient: Gradient = Implicit(),
    *,
    batch_size: int | None = None,
    devices: int | None = None,
    states: bool = False,
    trace: int = 0,
) -> Results:
    """The model's answer to each of x: (n, ...), n > 0, solved in batches of one shape, compiled once.

    Args:
        gradient: the model's own, for those that take the solver's place: `Unrolled` steps or an ODE `ThroughODE`.
        batch_size: rows of every batch, the last one filled up; unless given 500, or n where that is less.
        devices: how many of this process's devices may share a batch; all unless given.
        states: keep the equilibria. trace: keep that many iterates of each solve, and the probabilities there.
    """
    x = np.asarray(x)  # whichever device it is on
    size = min(BATCH, len(x)) if batch_size is None else batch_size
    mesh = mesh_here(size if solver.in_parts and gradient.in_parts else 1, devices)
    whole = everywhere((model, solver, gradient), mesh) if mesh.size > 1 else (model, solver, gradient)
    parts = []
    for start in range(0, len(x), size):
        rows = np.minimum(np.arange(start, start + size), len(x) - 1)
        part = jax.device_get(forward(whole, x[rows], states, trace, mesh))
        parts.append(jax.tree.map(lambda v, start=start: v[: len(x) - start], part))
    return Results(**jax.tree.map(lambda *columns: np.concatenate(columns), *parts))


@partial(jax.jit, static_argnames=("states", "trace", "mesh"))
def forward(whole: Any, x: Array, states: bool, trace: int, mesh: Mesh) -> dict[str, Any]:
    """The columns of `Results` for one batch. whole: model, solver, gradient."""

    def answer(whole: tuple[EquilibriumModel, Solver, Gradient], x: Array) -> dict[str, Any]:
        model, solver, gradient = whole
        outputs, sol = _solved(model, x, solver, gradient, trace)
        columns: dict[str, Any] = {
            "outputs": outputs,
            "probabilities": jax.nn.softmax(outputs / model.temperature),
        }
        columns |= {"nfe": sol.nfe, "residual": sol.residual, "converged": sol.converged}
        if states:
            columns["states"] = sol.z
        if sol.trace is not None:
            columns |= {"trace": sol.trace, "paths": jax.vmap(model.probabilities, 1, 1)(sol.trace.z)}
        return columns

    return in_parts(answer, mesh)(whole, x)


def _solved(
    model: EquilibriumModel, x: Array, solver: Solver, gradient: Gradient, trace: int
) -> tuple[Array, Solution]:
    if not trace:
        return model(x, solver, gradient)
    injection = model.encode(x)
    solution = solve_cell(model.cell, injection, model.start(injection), solver, trace)
    return model.head(solution.z), solution


@jax.jit
def encode(model: EquilibriumModel, x: Array) -> tuple[Array, Array]:
    """The problem that a model's cell poses for x: the injection and the start, each (batch, ...)."""
    injection = model.encode(x)
    return injection, model.start(injection)


@partial(jax.jit, static_argnames="trace")
def solve_cell(cell: nnx.Module, injection: Any, z0: Array, solver: Solver, trace: int = 0) -> Solution:
    """z* = cell(z*, injection) from z0: (batch, ...), compiled once for a cell's structure, solver and shape."""
    graphdef, variables = nnx.split(cell)
    apply = Apply(graphdef)
    return solve(lambda z: apply((variables, injection), z), z0, solver, trace=trace)


@jax.jit
def read_out(model: EquilibriumModel, z: Array) -> Array:
    """The head's outputs at given states: (batch, ...) -> (batch, k)."""
    return model.head(z)
