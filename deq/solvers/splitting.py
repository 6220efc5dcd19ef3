"""Solve for a cell's equilibrium through another map, and measure the cell's own residual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import jax
import jax.numpy as jnp
from jax import Array

from deq.solvers.base import Map, Solver, relative_residual, within
from deq.solvers.loop import solve
from deq.solvers.precision import in_float32
from deq.solvers.solution import Solution


class Splitting(Protocol):
    """A map whose fixed points give the equilibria of a cell."""

    @property
    def cell(self) -> Callable[[Array, Any], Array]:
        """f(z, x)."""

    def map(self, x: Any) -> Map:
        """The map to iterate."""

    def start(self, z: Array) -> Array:
        """The state of the map for a start z."""

    def read(self, state: Array) -> Array:
        """z for a state of the map."""


@in_float32
def solve_splitting(splitting: Splitting, x: Any, z0: Array, solver: Solver, *, trace: int = 0) -> Solution:
    """z* = cell(z*, x) by running `solver` on the splitting's map, such as MonotoneCell.peaceman_rachford(alpha).

    residual is the cell's own, measured at the end; that call counts too, so nfe is at most max_nfe + 1.
    converged: the splitting's map met the `Contract`, and the cell's residual is at most tol as well. The solver
    stops on the splitting's residual: set its tol somewhat below the residual you want of the cell. In a trace,
    z and residual are the cell's as well. For gradients, pass z to `equilibrium` as the start.
    """
    found = solve(splitting.map(x), splitting.start(z0), solver, trace=trace)

    def residual(z: Array) -> Array:
        return relative_residual(z, splitting.cell(z, x))

    z = splitting.read(found.z)
    measured = residual(z)
    if found.trace is not None:
        iterates = splitting.read(jnp.moveaxis(found.trace.z, 1, 0))
        along = jnp.moveaxis(jax.lax.map(residual, iterates), 0, 1)
        kept = jnp.where(jnp.isnan(found.trace.residual), jnp.nan, along)
        found = replace(found, trace=replace(found.trace, z=jnp.moveaxis(iterates, 0, 1), residual=kept))
    converged = found.converged & within(measured, solver.tol)
    return replace(found, z=z, residual=measured, nfe=found.nfe + 1, converged=converged, error=None)
