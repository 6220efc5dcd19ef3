"""What a solve returns, and what can be said about its error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jax import Array

from deq.solvers.pytree import pytree


@pytree
@dataclass(frozen=True)
class Trace:
    """The first n iterates of a solve, including the start.

    nfe: (batch, n) calls of f so far; repeats the last count after the solve ends.
    residual: (batch, n) relative residual, NaN after the end.
    z: (batch, n, ...) iterates, NaN after the end; of the state's structure.
    """

    nfe: Array
    residual: Array
    z: Any


def empty_trace(z0: Array, residual: Array, n: int) -> Trace:
    batch, missing = z0.shape[0], jnp.nan if jnp.issubdtype(z0.dtype, jnp.floating) else 0
    return Trace(
        nfe=jnp.zeros((batch, n), jnp.int32),
        residual=jnp.full((batch, n), jnp.nan, residual.dtype),
        z=jnp.full((batch, n) + z0.shape[1:], missing, z0.dtype),
    )


def record(trace: Trace, slot: Array, nfe: Array, residual: Array, z: Array) -> Trace:
    """Write each sample's iterate into its slot; a slot of -1 or beyond the end writes nothing.

    nfe fills the rest of the row, so that it holds its last value once the sample stops.
    """
    n = trace.residual.shape[1]
    place, slot = jnp.arange(n, dtype=jnp.int32)[None], slot[:, None]
    here = place == slot  # (batch, n)
    onward = (place >= slot) & (slot >= 0)
    return Trace(
        nfe=jnp.where(onward, nfe[:, None], trace.nfe),
        residual=jnp.where(here, residual[:, None], trace.residual),
        z=jnp.where(here.reshape(here.shape + (1,) * (z.ndim - 1)), z[:, None], trace.z),
    )


@pytree
@dataclass(frozen=True)
class Solution:
    """The result of a solve, per sample. Failure is data: converged is False.

    z: (batch, ...), or of the start's structure: the iterate that met the `Contract`, else the one with the smallest
    absolute residual. residual: (batch,) its relative residual, the L2 norm over all axes and arrays of a sample.
    nfe: (batch,) int32, calls of f. converged: (batch,) bool, whether it met the contract. trace: Trace or None.
    error: (batch,), see `error_estimate`.
    """

    z: Any
    residual: Array
    nfe: Array
    converged: Array
    trace: Trace | None = None
    error: Array | None = None


def error_estimate(solution: Solution) -> Array:
    """Estimated distance ||z - z*|| to the equilibrium: (batch,), in the units of z; NaN where none is known.

    A residual of 1e-3 may hide an error of 1: with slope 0.999 a step covers a thousandth of the remaining distance.
    From the last step dz and the change dr of f(z) - z that it made, the estimate is ||f(z) - z|| ||dz|| / ||dr||.
    That is residual / (1 - rate) for a map of slope `rate`, and the secant method's correction in one dimension.

    Its limits: it sees only the direction of the last step. A slow mode that does not dominate yet is missed, and two
    slow modes with different slopes look like one in between. NaN without a step (the start was the equilibrium),
    without a change of the residual (z + 1), and for baselines without a solve.
    """
    if solution.error is None:
        return jnp.full_like(solution.residual, jnp.nan)
    return jnp.where(jnp.isfinite(solution.error), solution.error, jnp.nan)
