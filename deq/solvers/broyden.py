"""Broyden's method: a secant model of the inverse Jacobian, kept as a few rank-one terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from deq.solvers.base import Map, Solver, Step, combine, flat, inner, norm, put, require_count, slots, static


class _InverseJacobian(NamedTuple):
    """H = -I + sum_i u_i v_i^T, an inverse of the Jacobian of g(z) = f(z) - z."""

    u: Array  # (batch, rank, n)
    v: Array  # (batch, rank, n)
    used: Array  # () updates since the last restart


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Broyden(Solver):
    """Good Broyden: z_{k+1} = z_k - H_k g_k, g = f(z) - z, H_{k+1} = H_k + (s - H_k y) s^T H_k / (s^T H_k y).

    s = z_{k+1} - z_k, y = g_{k+1} - g_k, H_0 = -I (the first step is Picard's), each sample on its own.
    At most `rank` (static) updates are kept; a full memory is dropped and the model starts anew from -I.
    An update whose denominator vanishes against ||s|| ||H y|| is left out. One call of f a step.
    z0: (batch, ...). Broyden (1965), doi:10.1090/S0025-5718-1965-0198670-6; limited memory: Kelley (1995),
    section 7.3, doi:10.1137/1.9781611970944.
    """

    rank: int = static(10)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_count("rank", self.rank)

    @property
    def calls_per_step(self) -> int:
        return 1

    def init(self, z: Array, f_z: Array) -> _InverseJacobian:
        empty = slots(flat(z), self.rank)
        return _InverseJacobian(empty, empty, jnp.zeros((), jnp.int32))

    def step(self, f: Map, z: Array, f_z: Array, memory: _InverseJacobian, active: Array) -> Step:
        g = flat(f_z - z)
        s = -_product(memory, memory.u, memory.v, g)
        z_next = z + s.reshape(z.shape)
        f_next = f(z_next)
        y = flat(f_next - z_next) - g
        return Step(z_next, f_next, self._updated(memory, s, y), calls=1)

    def _updated(self, h: _InverseJacobian, s: Array, y: Array) -> _InverseJacobian:
        h_y = _product(h, h.u, h.v, y)
        s_h = _product(h, h.v, h.u, s)
        denominator = jnp.sum(s * h_y, axis=1)
        vanishing = jnp.sqrt(jnp.finfo(s.dtype).eps) * norm(s) * norm(h_y)
        usable = jnp.abs(denominator) > vanishing
        factor = jnp.where(usable, 1 / jnp.where(usable, denominator, 1), 0).astype(s.dtype)
        full = h.used >= self.rank
        slot = jnp.where(full, 0, h.used)
        u = put(h.u, factor[:, None] * (s - h_y), slot)
        v = put(h.v, s_h, slot)
        return _InverseJacobian(u, v, jnp.where(full, 0, h.used + 1))


def _product(h: _InverseJacobian, left: Array, right: Array, w: Array) -> Array:
    """-w + sum_i left_i (right_i . w) over the updates in use. w: (batch, n)."""
    in_use = jnp.arange(left.shape[1]) < h.used
    return combine(jnp.where(in_use, inner(right, w), 0), left) - w
