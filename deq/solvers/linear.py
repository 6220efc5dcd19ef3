"""The backward pass's linear system u = g + J^T u, by a fixed-point solver or a linear solver."""

from __future__ import annotations

import abc
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import lineax as lx
from jax import Array

from deq.solvers.base import (
    Solver,
    flat,
    norm,
    per_sample,
    relative,
    require,
    require_count,
    static,
    unit_scale,
    widened,
    within,
)
from deq.solvers.krylov import Derivative, KrylovMethod, krylov_solve
from deq.solvers.loop import run
from deq.solvers.mesh import shard_like, vary_together
from deq.solvers.precision import in_float32
from deq.solvers.pytree import pytree
from deq.solvers.solution import Solution


@dataclass(frozen=True, kw_only=True)
class LinearSolver(abc.ABC):
    """Solves u = g + derivative(u) as a linear system. tol: relative residual that counts as converged, traced."""

    in_parts: ClassVar[bool] = True  # see Solver
    tol: float | Array = 1e-5

    def __post_init__(self) -> None:
        require("tol", self.tol, lambda tol: tol >= 0, "a number >= 0")

    @abc.abstractmethod
    def solve(self, derivative: Derivative, g: Array) -> tuple[Array, Array]:
        """The solution u: (batch, ...), and the products with `derivative` that each sample needed: (batch,)."""


@dataclass(frozen=True, kw_only=True)
class _Krylov(LinearSolver):
    in_parts: ClassVar[bool] = False  # Lineax compares shardings, which differ inside a shard_map
    max_steps: int | Array = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        require("max_steps", self.max_steps, lambda n: n >= 1, "at least 1")

    @abc.abstractmethod
    def method(self) -> KrylovMethod:
        """The Lineax solver with these settings."""

    def solve(self, derivative: Derivative, g: Array) -> tuple[Array, Array]:
        return krylov_solve(derivative, g, self.method())


@pytree
@dataclass(frozen=True, kw_only=True)
class GMRES(_Krylov):
    """Restarted GMRES (Lineax), matrix-free, per sample; one step is a cycle of `restart` products.

    Saad & Schultz (1986), doi:10.1137/0907058. max_steps is traced, restart static.
    """

    restart: int = static(20)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_count("restart", self.restart)

    def method(self) -> KrylovMethod:
        # Lineax's tolerance applies to each entry and to the last change, not to the norm: a tenth is enough.
        # Its first step only measures the residual, hence max_steps + 1.
        return lx.GMRES(0.1 * self.tol, 0.1 * self.tol, max_steps=self.max_steps + 1, restart=self.restart)


class _Run(NamedTuple):
    u: Array
    left: Array  # remaining right-hand side g - (I - J^T) u
    products: Array  # (batch,)


@pytree
@dataclass(frozen=True, kw_only=True)
class BiCGStab(_Krylov):
    """BiCGStab (Lineax), matrix-free, per sample; two products per step.

    In float32 Lineax often reports a breakdown (a negative coefficient) after a step or two. So it is restarted
    on the remaining right-hand side until that is below tol / 10 or max_steps steps are spent; the two extra
    products of each restart count. van der Vorst (1992), doi:10.1137/0913035. max_steps is traced.
    """

    max_steps: int | Array = 50

    def method(self) -> KrylovMethod:
        return lx.BiCGStab(0.1 * self.tol, 0.1 * self.tol, max_steps=self.max_steps)

    def solve(self, derivative: Derivative, g: Array) -> tuple[Array, Array]:
        def unfinished(run: _Run) -> Array:
            large = norm(run.left) > 0.1 * self.tol * norm(g)  # False for NaN, where a restart cannot help
            return large & (run.products < 2 * self.max_steps)

        def again(run: _Run) -> _Run:
            active = unfinished(run)
            change, products = krylov_solve(derivative, run.left, self.method())
            u = run.u + change
            left = g + derivative(u) - u
            better = per_sample(active & (norm(left) < norm(run.left)), u)
            return _Run(
                jnp.where(better, u, run.u),
                jnp.where(better, left, run.left),
                run.products + jnp.where(active, products + 1, 0),
            )

        start = vary_together(_Run(shard_like(jnp.zeros_like(g), g), g, jnp.zeros(g.shape[:1], jnp.int32)))
        run = jax.lax.while_loop(lambda run: jnp.any(unfinished(run)), again, start)
        return run.u, run.products


@pytree
@dataclass(frozen=True, kw_only=True)
class Dense(LinearSolver):
    """LU of each sample's I - J^T, formed column by column: n products for n state entries, n^2 memory.

    For small states, and as the reference for the matrix-free solvers.
    """

    def solve(self, derivative: Derivative, g: Array) -> tuple[Array, Array]:
        batch, n = flat(g).shape

        def column(unit: Array) -> Array:
            return flat(derivative(jnp.broadcast_to(unit, (batch, n)).reshape(g.shape)))

        units = vary_together(jnp.eye(n, dtype=g.dtype), g)
        columns = jax.lax.map(column, units)
        matrix = widened(units)[None] - widened(jnp.moveaxis(columns, 0, -1))  # (batch, n, n)
        u = jnp.linalg.solve(matrix, widened(flat(g))[..., None])
        return u.astype(g.dtype).reshape(g.shape), jnp.full(batch, n, jnp.int32)


@in_float32
def solve_linear(derivative: Derivative, g: Array, solver: Solver | LinearSolver) -> Solution:
    """Solve u = g + derivative(u) for each sample separately; the residual is measured, not the solver's own claim.

    derivative: linear, (batch, ...) -> (batch, ...), as returned by jax.vjp or jax.linearize. g: (batch, ...).
    residual: ||g + derivative(u) - u|| / ||g||, as Krylov methods measure it: relative to u, which a slow mode makes
    large, it would look too small. nfe: products with `derivative`. Each right-hand side is first scaled to unit size.
    A failed solve returns the u with the smallest residual, which is g, the one-step gradient, if nothing better was
    found; a linear solver's u falls back to g if its residual is not below 1 (that of u = 0) or not finite.
    """
    scale = unit_scale(g)
    solution = _solve_unit(derivative, g / scale, solver)
    u = solution.z * scale
    finite = jnp.isfinite(flat(u)).all(axis=1)  # scaling back may overflow
    residual = jnp.where(finite, solution.residual, jnp.inf)
    u = jnp.where(per_sample(finite, u), u, g)
    return replace(solution, z=u, residual=residual, converged=solution.converged & finite, error=None)


def _solve_unit(derivative: Derivative, g: Array, solver: Solver | LinearSolver) -> Solution:
    if isinstance(solver, Solver):
        return run(lambda u: g + derivative(u), g, solver, size=norm(g))
    u, products = solver.solve(derivative, g)
    residual = relative(norm(g + derivative(u) - u), norm(g))
    u = jnp.where(per_sample(residual < 1, u), u, g)
    return Solution(u, residual, products + 1, within(residual, solver.tol))
