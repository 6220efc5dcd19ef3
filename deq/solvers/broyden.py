"""Broyden's method: the inverse Jacobian approximated by secants and stored as a few rank-one terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from deq.solvers.base import Map, Solver, Step, combine, flat, inner, put, require_count, slots, static
from deq.solvers.pytree import pytree


class _Steps(NamedTuple):
    """The steps s_0 .. s_k since the last restart, and the matrix C that gives H in terms of them.

    H g = -g - sum_{j<k} c_j s_{j+1} with c = C (s_i . g)_i; C is lower triangular and gains a row per step.
    """

    steps: Array  # (batch, rank, n)
    products: Array  # (batch, rank)  inner products of all steps with the newest
    rows: Array  # (batch, rank, rank)  C, up to the step before the newest
    taken: Array  # ()  steps since the last restart


@pytree
@dataclass(frozen=True, kw_only=True)
class Broyden(Solver):
    """Good Broyden: z_{k+1} = z_k - H_k g_k, g = f(z) - z, H_{k+1} = H_k + (s - H_k y) s^T H_k / (s^T H_k y).

    s = z_{k+1} - z_k, y = g_{k+1} - g_k, H_0 = -I (the first step is Picard's), for each sample separately.
    Without a line search H_{k+1} = (I + s_{k+1} s_k^T / ||s_k||^2) H_k, so the steps alone determine H, and
    applying it takes two passes over them. At most `rank` (static) updates are kept; when the memory is full,
    H restarts from -I. An update that would lengthen its step by more than 1 / sqrt(rounding unit) is skipped.
    One call of f per step. z0: (batch, ...). Broyden (1965), doi:10.1090/S0025-5718-1965-0198670-6; storing
    the steps alone: Kelley (1995), section 7.3, doi:10.1137/1.9781611970944.
    """

    rank: int = static(10)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_count("rank", self.rank)

    @property
    def calls_per_step(self) -> int:
        return 1

    def init(self, z: Array, f_z: Array) -> _Steps:
        steps = slots(flat(z), self.rank)
        products = inner(steps, flat(f_z))
        return _Steps(steps, products, slots(products, self.rank), jnp.zeros((), jnp.int32))

    def step(self, f: Map, z: Array, f_z: Array, memory: _Steps, active: Array) -> Step:
        s, rows = _next_step(memory, flat(f_z - z))
        z_next = z + s.reshape(z.shape)
        return Step(z_next, f(z_next), self._remember(memory, s, rows), calls=1)

    def _remember(self, h: _Steps, s: Array, rows: Array) -> _Steps:
        """The memory with one more step; restarts when full."""
        steps = put(h.steps, s, h.taken)
        taken = jnp.where(h.taken == self.rank, 0, h.taken + 1)
        return _Steps(steps, inner(steps, s), rows, taken)


def _next_step(h: _Steps, g: Array) -> tuple[Array, Array]:
    """-H g: (batch, n), and C with the row of the newest step."""
    place, newest = jnp.arange(h.rows.shape[1], dtype=jnp.int32)[None], h.taken - 1
    a = inner(h.steps, g)  # (batch, rank)
    row = _newest_row(h, place, newest)
    last = jnp.sum(row * a, axis=1, keepdims=True)  # (batch, 1)
    usable = jnp.abs(1 - last) > jnp.sqrt(jnp.finfo(a.dtype).eps) * (1 + jnp.abs(last))
    weights = jnp.where((place >= 1) & (place <= newest), jnp.roll(inner(h.rows, a), 1, axis=1), 0)
    factor = jnp.where(usable, 1 / jnp.where(usable, 1 - last, 1), 1).astype(g.dtype)
    return factor * (g + combine(weights, h.steps)), put(h.rows, jnp.where(usable, row, 0), newest)


def _newest_row(h: _Steps, place: Array, newest: Array) -> Array:
    """The row of C for the newest step: (e_k + sum_{i<k} (s_k . s_{i+1}) C_i) / ||s_k||^2; 0 before the first step."""
    square = jax.lax.dynamic_index_in_dim(h.products, newest, axis=1)
    before = jnp.where(place < newest, jnp.roll(h.products, -1, axis=1), 0)
    row = combine(before, h.rows) + (place == newest).astype(square.dtype)
    defined = (newest >= 0) & (square > 0)
    return jnp.where(defined, row / jnp.where(defined, square, 1), 0)
