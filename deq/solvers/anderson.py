"""Anderson acceleration: mix the last few images so that their residuals cancel."""

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
    placed_as,
    put,
    require,
    require_count,
    slots,
    static,
)


class _History(NamedTuple):
    """The last differences between iterates, the newest in slot (taken - 1) mod memory, unused ones zero.

    What is small has the batch last, so that a processor's vectors run along it.
    """

    residual_steps: Array  # (batch, memory, n)  r_{k+1} - r_k
    image_steps: Array  # (batch, memory, n)  change of z + damping r
    gram: Array  # (memory, memory, batch)  inner products of the residual steps
    right: Array  # (memory, batch)  of the residual steps with the current residual
    taken: Array  # ()  steps


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Anderson(Solver):
    """Anderson acceleration: z_{k+1} = sum a_i (z_i + damping r_i), sum a_i = 1, minimising ||sum a_i r_i||.

    r_i = f(z_i) - z_i over the last `memory` + 1 iterates (fewer at the start), each sample on its own.
    The weights come from the normal equations of the differences r_{i+1} - r_i, scaled to unit length,
    plus `ridge` on their diagonal (at least a few units of rounding, which keeps a stalled sample
    solvable). One call of f a step. memory is static; damping in (0, 1] and ridge are traced.
    Exact for an affine f once memory reaches its dimension. z0: (batch, ...).
    Walker & Ni (2011), doi:10.1137/10078356X.
    """

    memory: int = static(5)
    damping: float | Array = 1.0
    ridge: float | Array = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        require_count("memory", self.memory)
        require("damping", self.damping, lambda b: 0 < b <= 1, "in (0, 1]; it is the weight on f(z)")
        require("ridge", self.ridge, lambda r: r >= 0, "a number >= 0")

    @property
    def calls_per_step(self) -> int:
        return 1

    def init(self, z: Array, f_z: Array) -> _History:
        empty = slots(flat(z), self.memory)
        right = inner(empty, flat(f_z)).T
        gram = jnp.broadcast_to(placed_as(jnp.zeros_like(right), right), (self.memory, *right.shape))
        return _History(empty, empty, gram, right, jnp.zeros((), jnp.int32))

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
        """The history with one more iterate, which takes the place of the oldest."""
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
        """The least-squares combination of the images; the plain damped step where it is not finite."""
        weights = _least_squares(h.gram, h.right, self.ridge)
        usable = jnp.isfinite(weights).all(axis=0)
        return image - combine(jnp.where(usable, weights, 0).T, h.image_steps)


def _least_squares(gram: Array, right: Array, ridge: float | Array) -> Array:
    """argmin_w ||residual - sum w_i steps_i|| from the inner products; an unused (zero) step gets weight 0.

    gram: (memory, memory, batch), right: (memory, batch) -> (memory, batch). Scaling each step to unit
    length makes the ridge relative and keeps the squared condition number in check as residuals shrink.
    """
    memory = len(right)
    square = jnp.stack([gram[i, i] for i in range(memory)])
    scale = jnp.where(square > 0, jax.lax.rsqrt(jnp.where(square > 0, square, 1)), 0)
    floor = jnp.maximum(ridge, 4 * memory * jnp.finfo(gram.dtype).eps).astype(gram.dtype)
    diagonal = jnp.where(scale > 0, floor, 1)  # an unused slot becomes the equation w_i = 0
    matrix = gram * scale * scale[:, None] + jnp.eye(memory, dtype=gram.dtype)[:, :, None] * diagonal
    return _solve_positive(matrix, right * scale) * scale


def _solve_positive(matrix: Array, right: Array) -> Array:
    """x with matrix x = right by Gauss-Jordan elimination; NaN where a matrix is not positive definite.

    matrix: (m, m, batch), right: (m, batch) -> (m, batch). Written out over the few rows, because LAPACK,
    called matrix by matrix, takes many times as long for a batch of 128 and cannot be split over devices.
    """
    m = len(right)
    rows = jnp.concatenate([matrix, right[:, None]], axis=1)
    for i in range(m):
        pivot = rows[i, i]
        row = rows[i] / jnp.where(pivot > 0, pivot, jnp.nan)
        rows = (rows - rows[:, i, None] * row).at[i].set(row)
    return rows[:, m]
