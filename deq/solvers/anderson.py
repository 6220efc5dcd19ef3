"""Anderson acceleration: mix the last few images so that their residuals cancel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from deq.solvers.base import Map, Solver, Step, require, static


class _History(NamedTuple):
    residual_steps: Array  # (batch, memory, n)  r_{k+1} - r_k, newest in slot k mod memory
    image_steps: Array  # (batch, memory, n)  change of z + damping r between iterates
    residual: Array  # (batch, n)  of the current iterate
    image: Array  # (batch, n)  z + damping r of the current iterate
    count: Array  # ()  steps taken


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
        require("memory", self.memory, lambda m: m >= 1, "at least 1")
        require("damping", self.damping, lambda b: 0 < b <= 1, "in (0, 1]; it is the weight on f(z)")
        require("ridge", self.ridge, lambda r: r >= 0, "a number >= 0")

    @property
    def calls_per_step(self) -> int:
        return 1

    def init(self, z: Array, f_z: Array) -> _History:
        flat = z.reshape(z.shape[0], -1)
        empty = jnp.zeros((flat.shape[0], self.memory, flat.shape[1]), z.dtype)
        residual, image = self._residual_and_image(z, f_z)
        return _History(empty, empty, residual, image, jnp.zeros((), jnp.int32))

    def step(self, f: Map, z: Array, f_z: Array, memory: _History, active: Array) -> Step:
        z_next = self._mix(memory).reshape(z.shape)
        f_next = f(z_next)
        residual, image = self._residual_and_image(z_next, f_next)
        slot = memory.count % self.memory
        history = _History(
            memory.residual_steps.at[:, slot].set(residual - memory.residual),
            memory.image_steps.at[:, slot].set(image - memory.image),
            residual,
            image,
            memory.count + 1,
        )
        return Step(z_next, f_next, history, calls=1)

    def _residual_and_image(self, z: Array, f_z: Array) -> tuple[Array, Array]:
        residual = f_z - z
        image = (z + self.damping * residual).astype(z.dtype)
        return residual.reshape(z.shape[0], -1), image.reshape(z.shape[0], -1)

    def _mix(self, h: _History) -> Array:
        """The least-squares combination of the images; the plain damped step where it is not finite."""
        weights = _least_squares(h.residual_steps, h.residual, self.ridge)
        mixed = h.image - jnp.einsum("bm,bmn->bn", weights, h.image_steps)
        return jnp.where(jnp.isfinite(weights).all(axis=1, keepdims=True), mixed, h.image)


def _least_squares(steps: Array, residual: Array, ridge: float | Array) -> Array:
    """argmin_w ||residual - sum w_i steps_i||, an unused (zero) step getting weight 0.

    steps: (batch, memory, n), residual: (batch, n) -> (batch, memory). Scaling each step to unit length
    makes the ridge relative and keeps the squared condition number in check as residuals shrink.
    """
    length = jnp.sqrt(jnp.sum(steps * steps, axis=2))
    scale = jnp.where(length > 0, 1 / jnp.where(length > 0, length, 1), 0)
    gram = jnp.einsum("bin,bjn->bij", steps, steps) * scale[:, :, None] * scale[:, None, :]
    right = jnp.einsum("bin,bn->bi", steps, residual) * scale
    memory = steps.shape[1]
    floor = jnp.maximum(ridge, 4 * memory * jnp.finfo(steps.dtype).eps).astype(steps.dtype)
    diagonal = jnp.where(scale > 0, floor, 1)  # an unused slot becomes the equation w_i = 0
    factor = jnp.linalg.cholesky(gram + jnp.eye(memory, dtype=steps.dtype) * diagonal[:, None, :])
    return jax.scipy.linalg.cho_solve((factor, True), right[..., None])[..., 0] * scale
