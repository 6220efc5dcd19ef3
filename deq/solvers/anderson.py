"""Anderson acceleration: combine the last few iterates so that their residuals cancel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from deq.solvers.base import (
    Map,
    Solver,
    Step,
    combine,
    flat,
    inner,
    put,
    require,
    require_count,
    require_damping,
    slots,
    static,
)
from deq.solvers.mesh import shard_like
from deq.solvers.pytree import pytree


class _History(NamedTuple):
    """A ring buffer of differences between iterates: the newest in slot (taken - 1) % memory, unused slots zero.

    The small arrays have the batch as their last axis, which vectorises on a CPU.
    """

    residual_steps: Array  # (batch, memory, n)  r_{k+1} - r_k
    image_steps: Array  # (batch, memory, n)  differences of z + damping r
    gram: Array  # (memory, memory, batch)  inner products of residual steps
    right: Array  # (memory, batch)  inner products of residual steps with the current residual
    taken: Array  # ()  steps taken


@pytree
@dataclass(frozen=True, kw_only=True)
class Anderson(Solver):
    """Anderson acceleration: z_{k+1} = sum a_i (z_i + damping r_i), sum a_i = 1, minimising ||sum a_i r_i||.

    r_i = f(z_i) - z_i over the last `memory` + 1 iterates (fewer at the start), for each sample separately.
    The weights solve the normal equations of the differences r_{i+1} - r_i, scaled to unit length, with
    `ridge` added to the diagonal (at least a few rounding units, so that a stalled sample stays solvable).
    One call of f per step. memory is static; damping in (0, 1] and ridge are traced. Exact for an affine f
    once memory reaches its dimension. z0: (batch, ...).
    Walker & Ni (2011), doi:10.1137/10078356X.
    """

    memory: int = static(5)
    damping: float | Array = 1.0
    ridge: float | Array = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        require_count("memory", self.memory)
        require_damping(self.damping)
        require("ridge", self.ridge, lambda r: r >= 0, "a number >= 0")

    @property
    def calls_per_step(self) -> int:
        return 1

    def init(self, z: Array, f_z: Array) -> _History:
        empty = slots(flat(z), self.memory)
        right = inner(empty, flat(f_z)).T
        gram = jnp.broadcast_to(shard_like(jnp.zeros_like(right), right), (self.memory, *right.shape))
        return _History(empty, empty, gram, right, jnp.zeros((), jnp.int32))

    def rows_of(self, memory: _History, places: Array) -> _History:
        batch_last = {"gram": memory.gram[..., places], "right": memory.right[..., places]}
        return super().rows_of(memory, places)._replace(**batch_last)

    def step(self, f: Map, z: Array, f_z: Array, memory: _History, active: Array) -> Step:
        z_next = self._mix(memory, self._image(z, f_z)).reshape(z.shape)
        f_next = f(z_next)
        residual = flat(f_next - z_next)
        residual_step = residual - flat(f_z - z)
        image_step = self._image(z_next, f_next) - self._image(z, f_z)
        return Step(z_next, f_next, self._remember(memory, residual, residual_step, image_step), calls=1)

    def _image(self, z: Array, f_z: Array) -> Array:
        """z + damping r: (batch, n)."""
        return flat((z + self.damping * (f_z - z)).astype(z.dtype))

    def _remember(self, h: _History, residual: Array, residual_step: Array, image_step: Array) -> _History:
        """The history with one more iterate, replacing the oldest if full."""
        slot = h.taken % self.memory
        steps = put(h.residual_steps, residual_step, slot)
        row = inner(steps, residual_step).T
        return _History(
            residual_steps=steps,
            image_steps=put(h.image_steps, image_step, slot),
            gram=put(put(h.gram, row, slot, axis=0), row, slot),
            right=inner(steps, residual).T,
            taken=h.taken + 1,
        )

    def _mix(self, h: _History, image: Array) -> Array:
        """The least-squares combination, or the plain damped step where the weights are not finite."""
        weights = _least_squares(h.gram, h.right, self.ridge)
        usable = jnp.isfinite(weights).all(axis=0)
        return image - combine(jnp.where(usable, weights, 0).T, h.image_steps)


def _least_squares(gram: Array, right: Array, ridge: float | Array) -> Array:
    """argmin_w ||residual - sum w_i steps_i|| from the inner products; unused (zero) steps get weight 0.

    gram: (memory, memory, batch), right: (memory, batch) -> (memory, batch). Scaling each step to unit
    length makes the ridge relative and limits the condition number as residuals shrink.
    """
    memory = len(right)
    square = jnp.stack([gram[i, i] for i in range(memory)])
    scale = jnp.where(square > 0, jax.lax.rsqrt(jnp.where(square > 0, square, 1)), 0)
    floor = jnp.maximum(ridge, 4 * memory * jnp.finfo(gram.dtype).eps).astype(gram.dtype)
    diagonal = jnp.where(scale > 0, floor, 1)  # for an unused slot the equation is w_i = 0
    matrix = (
        gram * scale[None] * scale[:, None] + jnp.eye(memory, dtype=gram.dtype)[:, :, None] * diagonal[None]
    )
    return _solve_positive(matrix, right * scale) * scale


def _solve_positive(matrix: Array, right: Array) -> Array:
    """Solve matrix x = right by Gauss-Jordan elimination; NaN where a matrix is not positive definite.

    matrix: (m, m, batch), right: (m, batch) -> (m, batch). Unrolled over the few rows: LAPACK solves one
    matrix at a time, is many times slower for a batch of 128, and cannot be sharded.
    """
    m = len(right)
    rows = jnp.concatenate([matrix, right[:, None]], axis=1)
    for i in range(m):
        pivot = rows[i, i]
        row = rows[i] / jnp.where(pivot > 0, pivot, jnp.nan)[None]
        rows = (rows - rows[:, i, None] * row[None]).at[i].set(row)
    return rows[:, m]
