"""What is compared: one model with one batch, as the fixed-point problem that its cell poses."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from deq.cells import MonotoneCell
from deq.models import EquilibriumModel
from deq.models.inference import encode, read_out, solve_cell
from deq.solvers import Picard, Solution, Solver, solve_splitting


@dataclass(frozen=True)
class Problem:
    """z* = cell(z*, injection) for every sample of a batch, and the model that it stands in.

    inputs: (batch, ...) what the model is shown. labels: (batch,) its true classes, or None.
    has_classes: whether the model's outputs are scores of classes. injection, z0: (batch, ...).
    """

    model: EquilibriumModel
    inputs: np.ndarray
    labels: np.ndarray | None
    has_classes: bool
    injection: Array
    z0: Array

    @property
    def batch(self) -> int:
        return len(self.inputs)

    @property
    def dimension(self) -> int:
        """Entries of one state."""
        return math.prod(self.z0.shape[1:])

    def classes(self, z: Array) -> np.ndarray | None:
        """The most probable class at each state, (batch,); None where the outputs are no classes."""
        return np.asarray(read_out(self.model, z)).argmax(axis=-1) if self.has_classes else None


def pose(
    model: EquilibriumModel, inputs: Any, labels: Any = None, *, has_classes: bool | None = None
) -> Problem:
    """The problem that `model` solves for `inputs`: (batch, ...). has_classes: by default, whether labels are given."""
    shown = np.asarray(inputs)
    known = labels is not None if has_classes is None else has_classes
    return Problem(model, shown, labels, known, *encode(model, shown))


def widen(problem: Problem) -> Problem:
    """The same problem in float64, the state included; call and use it within jax.enable_x64(True)."""
    graphdef, variables = nnx.split(problem.model)
    model = nnx.merge(graphdef, jax.tree.map(_double, variables))
    return replace(problem, model=model, injection=_double(problem.injection), z0=_double(problem.z0))


def _double(leaf: Array) -> Array:
    return jax.device_put(np.asarray(leaf, float)) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Split(Picard):
    """Picard on the reflected map of a monotone cell, in place of the cell itself; see `deq.cells`.

    alpha: the size of its step, traced; it converges for every alpha > 0. On the shipped model 0.5 takes the fewest
    evaluations of those from 0.003 to 1.
    """

    alpha: float | Array = 0.5


def solve_problem(problem: Problem, solver: Solver, z0: Array | None = None) -> Solution:
    """The equilibria by `solver`, from z0 or the model's own start; compiled once per solver and shape."""
    return _solve(problem.model.cell, problem.injection, problem.z0 if z0 is None else z0, solver)


def trace_problem(problem: Problem, solver: Solver, trace: int) -> tuple[Array, Array]:
    """The way there: calls of f and relative residual of the first `trace` iterates, each (batch, trace)."""
    return _way(problem.model.cell, problem.injection, problem.z0, solver, trace)


@partial(jax.jit, static_argnames="trace")
def _solve(cell: nnx.Module, injection: Array, z0: Array, solver: Solver, trace: int = 0) -> Solution:
    if isinstance(solver, Split):
        if not isinstance(cell, MonotoneCell):
            raise ValueError(f"Peaceman-Rachford needs a monotone cell; this one is a {type(cell).__name__}.")
        return solve_splitting(cell.peaceman_rachford(solver.alpha), injection, z0, solver, trace=trace)
    return solve_cell(cell, injection, z0, solver, trace)


@partial(jax.jit, static_argnames="trace")
def _way(cell: nnx.Module, injection: Array, z0: Array, solver: Solver, trace: int) -> tuple[Array, Array]:
    """Without the iterates themselves, so that XLA need not keep them."""
    way = _solve(cell, injection, z0, solver, trace).trace
    assert way is not None  # trace is at least 1
    return way.nfe, way.residual
