"""Picard iteration: apply f again and again."""

from __future__ import annotations

from dataclasses import dataclass

import jax
from jax import Array

from deq.solvers.base import Map, Solver, Step, require


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Picard(Solver):
    """Damped Picard iteration: z_{k+1} = z_k + damping (f(z_k) - z_k). z0: (batch, ...).

    Converges where every eigenvalue l of df/dz has |1 - damping + damping l| < 1; without damping,
    where |l| < 1. One call of f a step. damping in (0, 1], traced. Error <= residual / (1 - L) for a
    contraction of constant L. Banach (1922), doi:10.4064/fm-3-1-133-181.
    """

    damping: float | Array = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require("damping", self.damping, lambda b: 0 < b <= 1, "in (0, 1]; it is the weight on f(z)")

    @property
    def calls_per_step(self) -> int:
        return 1

    def init(self, z: Array, f_z: Array) -> None:
        return None

    def step(self, f: Map, z: Array, f_z: Array, memory: None, active: Array) -> Step:
        z = (z + self.damping * (f_z - z)).astype(z.dtype)
        return Step(z, f(z), None, calls=1)
