"""`solve`: the loop that runs every solver."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from deq.solvers.anderson import Anderson
from deq.solvers.base import (
    Contract,
    Map,
    Solver,
    norm,
    per_sample,
    relative,
    require_count,
    taken,
    with_rounding,
)
from deq.solvers.constant import constant_in
from deq.solvers.mesh import shard_like, vary_together
from deq.solvers.precision import in_float32
from deq.solvers.slowest import Rows, places_of, put_back, quarter
from deq.solvers.solution import Solution, Trace, empty_trace, record
from deq.solvers.state import Layout

NOT_DIFFERENTIABLE = (
    "solve cannot be differentiated: its iterates do not have the derivatives of the equilibrium. Use "
    "deq.equilibrium(cell, x, z0, solver), or jax.lax.stop_gradient on z0 and on the arrays that f closes over."
)


def as_it_is(z: Array) -> Array:
    """The whole state."""
    return z


class _Carry(NamedTuple):
    z: Array
    f_z: Array
    memory: Any
    best_z: Array
    best_residual: Array  # (batch,) absolute
    best_size: Array  # (batch,) what it is relative to
    best_error: (
        Array  # (batch,) its estimated error; inf where unknown, because NaN would trigger jax_debug_nans
    )
    converged: Array  # (batch,)
    nfe: Array
    active: Array
    trace: Trace | None
    recorded: Array  # (batch,) iterates seen so far, the next slot of the trace

    @property
    def outcome(self) -> Solution:
        residual = relative(self.best_residual, self.best_size)
        return Solution(self.best_z, residual, self.nfe, self.converged, self.trace, self.best_error)


def solve(f: Map, z0: Any, solver: Solver = Anderson(), *, trace: int = 0) -> Solution:
    """Find z* = f(z*) for every sample of a batch, each independently of the others.

    Args:
        f: (batch, ...) -> (batch, ...), same shape and dtype; always called on the whole batch, so it
            may close over batch-sized data.
        z0: (batch, ...) start, floating point; or a pytree of such arrays with one batch size and dtype, and f takes
            and returns such a pytree. They are solved as one state.
        solver: Picard(), Anderson(), Broyden(), NewtonKrylov(), ODEFlow() or any other Solver.
        trace: number of iterates to record (static; 0 for none).

    Returns:
        A Solution. A sample that does not meet the `Contract` within solver.max_nfe calls of f, or whose
        iterates overflow or turn NaN, has converged=False and its iterate of least absolute residual.

    Raises:
        ValueError: z0 is not a batch of floats, f changes its shape or dtype, or solver is not a Solver.

    Products are computed in full float32 (or float64) on every backend.

    Differentiating it, in either mode, is an error: derivatives of the iterates are not those of the equilibrium (from
    a start at the equilibrium they would be 0). Use `equilibrium`.
    """
    return run(f, z0, solver, trace=trace)


@in_float32
def run(
    f: Map,
    z0: Any,
    solver: Solver,
    *,
    trace: int = 0,
    size: Array | None = None,
    rows: Rows | None = None,
    seen: Map = as_it_is,
) -> Solution:
    """`solve`, with the residual relative to `size` (batch,), if given, instead of ||f(z)||.

    seen: which part of the states the trace keeps, (batch, ...) -> (batch, ...).

    rows: f for some of the samples, if available and the state is one array: then the slowest samples of a large batch
    are finished in a smaller batch.
    """
    if not isinstance(solver, Solver):
        raise ValueError(
            f"solver must be a Solver with its settings, such as Anderson(tol=1e-5); got {solver!r}."
        )
    layout = Layout.of(z0)
    z0 = _check_start(f, layout, z0, trace)
    flat_f = layout.joined(f)
    f_z0 = constant_in((), flat_f(z0), NOT_DIFFERENTIABLE)
    z0 = shard_like(z0, f_z0)
    judge = Judge(Contract.of(z0, f_z0, solver), solver, size)
    carry = vary_together(_init(z0, f_z0, judge, trace, seen), solver)
    few = quarter(len(carry.nfe), rows)
    carry = _while_more_than(few, flat_f, judge, carry, seen)
    found = carry.outcome
    if few and rows is not None:
        places = places_of(carry.active, few)
        memory = solver.rows_of(carry.memory, places)
        last = taken(carry._replace(memory=None), places)._replace(memory=memory)
        last = _while_more_than(0, rows(places), taken(judge, places), last, seen)
        found = put_back(found, last.outcome, places)
    return split_solution(layout, found)


def _while_more_than(few: int, f: Map, judge: Judge, carry: _Carry, seen: Map) -> _Carry:
    """The loop, until at most `few` samples are unfinished."""
    unfinished = jnp.any if few == 0 else lambda active: jnp.sum(active) > few
    return jax.lax.while_loop(lambda c: unfinished(c.active), lambda c: _iterate(f, judge, c, seen), carry)


def split_solution(layout: Layout, found: Solution) -> Solution:
    """The same with its states in the layout's structure."""
    trace = None if found.trace is None else replace(found.trace, z=layout.split(found.trace.z))
    return replace(found, z=layout.split(found.z), trace=trace)


class Judge(NamedTuple):
    """Measures iterates and decides which samples are finished."""

    contract: Contract
    solver: Solver
    size: Array | None

    def measure(self, z: Array, f_z: Array) -> tuple[Array, Array]:
        """||f(z) - z|| and what it is relative to, each (batch,)."""
        return norm(f_z - z), norm(f_z) if self.size is None else self.size

    def unfinished(self, residual: Array, met: Array, nfe: Array) -> Array:
        """Not converged, finite, and with budget left for a whole step."""
        return ~met & jnp.isfinite(residual) & (nfe + self.solver.calls_per_step <= self.solver.max_nfe)


def _check_start(f: Map, layout: Layout, z0: Any, trace: int) -> Array:
    """z0 as one array. Raises ValueError unless f keeps its structure, shapes and dtype."""
    z0 = jax.tree.map(jnp.asarray, z0)
    for leaf in jax.tree.leaves(z0):
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            raise ValueError(
                f"z0 must be real floating point, got {leaf.dtype}: pass z0.astype(jnp.float32)."
            )
    require_count("trace, the number of iterates to record,", trace, least=0)
    # Drop weak types, which the loop would not preserve.
    z0 = jax.tree.map(lambda leaf: leaf.astype(leaf.dtype), z0)
    wanted, found = _described(z0), _described(jax.eval_shape(f, z0))
    if wanted != found:
        raise ValueError(
            f"f must return arrays of the shape and dtype of z0, {wanted}; it returned {found}. Cast z0 or the arrays "
            "f closes over so that they agree."
        )
    return layout.join(z0)


def _described(state: Any) -> str:
    """The arrays of a state in words: float32[2, 3], or (float32[2, 3], float32[2, 1])."""
    words = jax.tree.map(lambda leaf: f"{leaf.dtype}{list(leaf.shape)}", state)
    return str(words).replace("'", "")


def _init(z0: Array, f_z0: Array, judge: Judge, trace: int, seen: Map) -> _Carry:
    residual, size = judge.measure(z0, f_z0)
    met = judge.contract.met(residual, size)
    nfe = jnp.full(z0.shape[:1], 1, jnp.int32)
    recorded = jnp.zeros(z0.shape[:1], jnp.int32)
    first = relative(residual, size)
    return _Carry(
        z=z0,
        f_z=f_z0,
        memory=judge.solver.init(z0, f_z0),
        best_z=z0,
        best_residual=residual,
        best_size=size,
        best_error=jnp.full_like(residual, jnp.inf),
        converged=met,
        nfe=nfe,
        active=judge.unfinished(first, met, nfe),
        trace=record(empty_trace(seen(z0), first, trace), recorded, nfe, first, seen(z0)) if trace else None,
        recorded=recorded + 1,
    )


def _iterate(f: Map, judge: Judge, c: _Carry, seen: Map) -> _Carry:
    z, f_z, memory, calls, moved = judge.solver.step(f, c.z, c.f_z, c.memory, c.active)
    # Computed once: in two kernels of a GPU a norm may round differently, and z and its residual would not match.
    residual, size = jax.lax.optimization_barrier(judge.measure(z, f_z))
    met = c.active & judge.contract.met(residual, size)
    nfe = c.nfe + jnp.where(c.active, calls, 0).astype(jnp.int32)
    eps = judge.contract.eps
    better = with_rounding(residual, size, eps) < with_rounding(c.best_residual, c.best_size, eps)
    kept = met | (c.active & better)
    error = _error(residual, c.z, c.f_z, z, f_z)
    new = c.active & moved
    now = relative(residual, size)
    trace = None if c.trace is None else record(c.trace, jnp.where(new, c.recorded, -1), nfe, now, seen(z))
    return _Carry(
        z=z,
        f_z=f_z,
        memory=memory,
        best_z=jnp.where(per_sample(kept, z), z, c.best_z),
        best_residual=jnp.where(kept, residual, c.best_residual),
        best_size=jnp.where(kept, size, c.best_size),
        best_error=jnp.where(kept, error, c.best_error),
        converged=c.converged | met,
        nfe=nfe,
        active=c.active & judge.unfinished(now, met, nfe),
        trace=trace,
        recorded=c.recorded + new.astype(jnp.int32),
    )


def _error(residual: Array, z: Array, f_z: Array, new: Array, f_new: Array) -> Array:
    """residual ||dz|| / ||dr|| of the step from z to `new`, where r = f(z) - z: (batch,), inf if unknown."""
    moved, changed = norm(new - z), norm((f_new - new) - (f_z - z))
    known = jnp.isfinite(moved) & jnp.isfinite(changed) & (changed > 0)
    return jnp.where(known, residual * moved / jnp.where(known, changed, 1), jnp.inf)
