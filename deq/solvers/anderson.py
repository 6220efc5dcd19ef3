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
    put,
    require,
    require_count,
    slots,
    static,
)


class _History(NamedTuple):
    """The last differences between iterates, the newest in slot (taken - 1) mod memory, unused ones zero."""

    residual_steps: Array  # (batch, memory, n)  r_{k+1} - r_k
    image_steps: Array  # (batch, memory, n)  change of z + damping r
    gram: Array  # (batch, memory, memory)  inner products of the residual steps
    right: Array  # (batch, memory)  of the residual steps with the current residual
    residual: Array  # (batch, n)  of the current iterate
    image: Array  # (batch, n)  z + damping r of the current iterate
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
        residual, image = self._residual_and_image(z, f_z)
        empty = slots(residual, self.memory)
        right = inner(empty, residual)
        gram = slots(right, self.memory)
        return _History(empty, empty, gram, right, residual, image, jnp.zeros((), jnp.int32))

    def step(self, f: Map, z: Array, f_z: Array, memory: _History, active: Array) -> Step:
        z_next = self._mix(memory).reshape(z.shape)
        f_next = f(z_next)
        return Step(z_next, f_next, self._remember(memory, z_next, f_next), calls=1)

    def _residual_and_image(self, z: Array, f_z: Array) -> tuple[Array, Array]:
        residual = f_z - z
        image = (z + self.damping * residual).astype(z.dtype)
        return flat(residual), flat(image)

    def _remember(self, h: _History, z: Array, f_z: Array) -> _History:
        """The history with one more iterate, which takes the place of the oldest."""
        residual, image = self._residual_and_image(z, f_z)
        slot = h.taken % self.memory
        newest = residual - h.residual
        steps = put(h.residual_steps, newest, slot)
        row = inner(steps, newest)
        return _History(
            residual_steps=steps,
            image_steps=put(h.image_steps, image - h.image, slot),
            gram=put(put(h.gram, row, slot), row, slot, axis=2),
            right=inner(steps, residual),
            residual=residual,
            image=image,
            taken=h.taken + 1,
        )

    def _mix(self, h: _History) -> Array:
        """The least-squares combination of the images; the plain damped step where it is not finite."""
        weights = _least_squares(h.gram, h.right, self.ridge)
        usable = jnp.isfinite(weights).all(axis=1, keepdims=True)
        return jnp.where(usable, h.image - combine(weights, h.image_steps), h.image)


def _least_squares(gram: Array, right: Array, ridge: float | Array) -> Array:
    """argmin_w ||residual - sum w_i steps_i|| from the inner products; an unused (zero) step gets weight 0.

    gram: (batch, memory, memory), right: (batch, memory) -> (batch, memory). Scaling each step to unit
    length makes the ridge relative and keeps the squared condition number in check as residuals shrink.
    """
    memory = right.shape[1]
    square = jnp.diagonal(gram, axis1=1, axis2=2)
    scale = jnp.where(square > 0, jax.lax.rsqrt(jnp.where(square > 0, square, 1)), 0)
    floor = jnp.maximum(ridge, 4 * memory * jnp.finfo(gram.dtype).eps).astype(gram.dtype)
    diagonal = jnp.where(scale > 0, floor, 1)  # an unused slot becomes the equation w_i = 0
    matrix = gram * scale[:, :, None] * scale[:, None, :] + jnp.eye(memory) * diagonal[:, None, :]
    return _solve_positive(matrix, right * scale) * scale


def _solve_positive(matrix: Array, right: Array) -> Array:
    """x with matrix x = right by Gauss-Jordan elimination; NaN where a matrix is not positive definite.

    matrix: (batch, m, m), right: (batch, m) -> (batch, m). Written out over the few rows, because LAPACK,
    called matrix by matrix, takes twice as long for a batch of 128 and cannot be split over devices.
    """
    m = right.shape[1]
    rows = jnp.concatenate([matrix, right[:, :, None]], axis=2)
    for i in range(m):
        pivot = rows[:, i, i, None]
        row = rows[:, i] / jnp.where(pivot > 0, pivot, jnp.nan)
        rows = (rows - rows[:, :, i, None] * row[:, None]).at[:, i].set(row)
    return rows[:, :, m]
