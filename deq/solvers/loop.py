"""`solve`: the loop that runs every solver."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from deq.solvers.base import (
    Map,
    Solution,
    Solver,
    Trace,
    per_sample,
    relative_residual,
    require_count,
    shard_like,
    within,
)


class _Carry(NamedTuple):
    z: Array
    f_z: Array
    memory: Any
    best_z: Array
    best_residual: Array
    nfe: Array
    active: Array
    trace: Trace | None
    recorded: Array  # (batch,) iterates seen so far, the next slot of the trace


def solve(f: Map, z0: Array, solver: Solver, *, trace: int = 0) -> Solution:
    """Find z* = f(z*) for every sample of a batch, each independently of the others.

    Args:
        f: (batch, ...) -> (batch, ...), same shape and dtype; always called on the whole batch, so it
            may close over batch-sized data.
        z0: (batch, ...) start, floating point.
        solver: Picard(), Anderson(), Broyden(), NewtonKrylov(), ODEFlow() or any other Solver.
        trace: number of iterates to record (static; 0 for none).

    Returns:
        A Solution. A sample that does not reach solver.tol within solver.max_nfe calls of f, or whose
        iterates overflow or turn NaN, has converged=False and its best iterate.

    Raises:
        ValueError: z0 is not a batch of floats, or f changes its shape or dtype.

    Not reverse-mode differentiable: use `equilibrium` for gradients.
    """
    z0 = _check_start(f, z0, trace)
    carry = _init(f, z0, solver, trace)
    carry = jax.lax.while_loop(lambda c: jnp.any(c.active), lambda c: _iterate(f, solver, c), carry)
    return Solution(
        z=carry.best_z,
        residual=carry.best_residual,
        nfe=carry.nfe,
        converged=within(carry.best_residual, solver.tol),
        trace=carry.trace,
    )


def _check_start(f: Map, z0: Array, trace: int) -> Array:
    z0 = jnp.asarray(z0)
    if z0.ndim == 0:
        raise ValueError("z0 needs a leading batch axis: give shape (1,) or (batch, ...), not a scalar.")
    if not jnp.issubdtype(z0.dtype, jnp.floating):
        raise ValueError(f"z0 must be real floating point, got {z0.dtype}: pass z0.astype(jnp.float32).")
    require_count("trace, the number of iterates to record,", trace, least=0)
    z0 = z0.astype(z0.dtype)  # drop a weak type, which the loop would not preserve
    image = jax.eval_shape(f, z0)
    if not hasattr(image, "shape") or (image.shape, image.dtype) != (z0.shape, z0.dtype):
        found = f"{image.dtype}{list(image.shape)}" if hasattr(image, "shape") else type(image).__name__
        raise ValueError(
            f"f must return an array of the shape and dtype of z0, {z0.dtype}{list(z0.shape)}; it returned "
            f"{found}. Cast z0 or the arrays f closes over so that they agree."
        )
    return z0


def _init(f: Map, z0: Array, solver: Solver, trace: int) -> _Carry:
    f_z = f(z0)
    z0 = shard_like(z0, f_z)
    residual = relative_residual(z0, f_z)
    nfe = jnp.full(z0.shape[:1], 1, jnp.int32)
    recorded = jnp.zeros(z0.shape[:1], jnp.int32)
    first = _record(_empty_trace(z0, residual, trace), recorded, nfe, residual, z0) if trace else None
    return _Carry(
        z=z0,
        f_z=f_z,
        memory=solver.init(z0, f_z),
        best_z=z0,
        best_residual=residual,
        nfe=nfe,
        active=_unfinished(solver, residual, nfe),
        trace=first,
        recorded=recorded + 1,
    )


def _iterate(f: Map, solver: Solver, c: _Carry) -> _Carry:
    z, f_z, memory, calls, moved = solver.step(f, c.z, c.f_z, c.memory, c.active)
    residual = relative_residual(z, f_z)
    nfe = c.nfe + jnp.where(c.active, calls, 0).astype(jnp.int32)
    better = c.active & (residual < c.best_residual)
    new = c.active & moved
    trace = None if c.trace is None else _record(c.trace, jnp.where(new, c.recorded, -1), nfe, residual, z)
    return _Carry(
        z=z,
        f_z=f_z,
        memory=memory,
        best_z=jnp.where(per_sample(better, z), z, c.best_z),
        best_residual=jnp.where(better, residual, c.best_residual),
        nfe=nfe,
        active=c.active & _unfinished(solver, residual, nfe),
        trace=trace,
        recorded=c.recorded + new,
    )


def _unfinished(solver: Solver, residual: Array, nfe: Array) -> Array:
    """Above tol, finite, and with budget left for a whole step."""
    return (residual > solver.tol) & jnp.isfinite(residual) & (nfe + solver.calls_per_step <= solver.max_nfe)


def _empty_trace(z0: Array, residual: Array, n: int) -> Trace:
    batch = z0.shape[0]
    return Trace(
        nfe=jnp.zeros((batch, n), jnp.int32),
        residual=jnp.full((batch, n), jnp.nan, residual.dtype),
        z=jnp.full((batch, n) + z0.shape[1:], jnp.nan, z0.dtype),
    )


def _record(trace: Trace, slot: Array, nfe: Array, residual: Array, z: Array) -> Trace:
    """Write each sample's iterate into its slot; a slot of -1 or beyond the end writes nothing.

    nfe fills the rest of the row, so that it holds its last value once the sample stops.
    """
    n = trace.residual.shape[1]
    here = jnp.arange(n) == slot[:, None]  # (batch, n)
    onward = (jnp.arange(n) >= slot[:, None]) & (slot[:, None] >= 0)
    return Trace(
        nfe=jnp.where(onward, nfe[:, None], trace.nfe),
        residual=jnp.where(here, residual[:, None], trace.residual),
        z=jnp.where(here.reshape(here.shape + (1,) * (z.ndim - 1)), z[:, None], trace.z),
    )
