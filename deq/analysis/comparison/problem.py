"""The problem that solvers are compared on: the fixed points of one model for one batch."""

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
from deq.solvers.pytree import pytree


@dataclass(frozen=True)
class Problem:
    """z* = cell(z*, injection) for every sample of a batch, and the model around the cell.

    inputs: (batch, ...). labels: (batch,) true classes, or None. has_classes: whether the outputs are class scores.
    injection, z0: (batch, ...).
    """

    model: EquilibriumModel
    inputs: np.ndarray
    labels: np.ndarray | None
    has_classes: bool
    injection: Array
    z0: Array

    @property
    def dimension(self) -> int:
        """Number of entries of a state."""
        return math.prod(self.z0.shape[1:])

    def classes(self, z: Array) -> np.ndarray | None:
        """The most probable class at each state, (batch,); None if the outputs are not classes."""
        return np.asarray(read_out(self.model, z)).argmax(axis=-1) if self.has_classes else None


def build_problem(
    model: EquilibriumModel, inputs: Any, labels: Any = None, *, has_classes: bool | None = None
) -> Problem:
    """The problem that `model` solves for `inputs` (batch, ...). has_classes: by default, whether labels are given."""
    shown = np.asarray(inputs)
    known = labels is not None if has_classes is None else has_classes
    return Problem(model, shown, labels, known, *encode(model, shown))


def to_float64(problem: Problem) -> Problem:
    """The same problem in float64, including the state; call and use it within jax.enable_x64(True)."""
    graphdef, variables = nnx.split(problem.model)
    model = nnx.merge(graphdef, jax.tree.map(_double, variables))
    return replace(problem, model=model, injection=_double(problem.injection), z0=_double(problem.z0))


def _double(leaf: Array) -> Array:
    return jax.device_put(np.asarray(leaf, float)) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf


@pytree
@dataclass(frozen=True)
class Split(Picard):
    """Peaceman-Rachford splitting of a monotone cell: Picard on its reflected map; see `deq.cells`.

    alpha: step size, traced; converges for every alpha > 0. Of the values tried, from 0.003 to 1, 0.5 needs the
    fewest evaluations on the shipped model.
    """

    alpha: float | Array = 0.5


def solve_problem(problem: Problem, solver: Solver, z0: Array | None = None) -> Solution:
    """Solve by `solver` from z0 or the model's own start; compiled once per solver and shape."""
    return _solve(problem.model.cell, problem.injection, problem.z0 if z0 is None else z0, solver)


def trace_problem(problem: Problem, solver: Solver, trace: int) -> tuple[Solution, Array, Array]:
    """As `solve_problem`, with NFE and relative residual of the first `trace` iterates, each (batch, trace)."""
    return _trace(problem.model.cell, problem.injection, problem.z0, solver, trace)


@partial(jax.jit, static_argnames="trace")
def _solve(cell: nnx.Module, injection: Array, z0: Array, solver: Solver, trace: int = 0) -> Solution:
    if isinstance(solver, Split):
        if not isinstance(cell, MonotoneCell):
            raise ValueError(f"Peaceman-Rachford needs a monotone cell; this one is a {type(cell).__name__}.")
        return solve_splitting(cell.peaceman_rachford(solver.alpha), injection, z0, solver, trace=trace)
    return solve_cell(cell, injection, z0, solver, trace)


@partial(jax.jit, static_argnames="trace")
def _trace(
    cell: nnx.Module, injection: Array, z0: Array, solver: Solver, trace: int
) -> tuple[Solution, Array, Array]:
    """Without the iterates, so that XLA need not keep them."""
    found = _solve(cell, injection, z0, solver, trace)
    assert found.trace is not None  # trace is at least 1
    return replace(found, trace=None), found.trace.nfe, found.trace.residual
