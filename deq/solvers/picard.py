"""Picard iteration: apply f repeatedly."""

from __future__ import annotations

from dataclasses import dataclass

from jax import Array

from deq.solvers.base import Map, Solver, Step, require_damping
from deq.solvers.pytree import pytree


@pytree
@dataclass(frozen=True, kw_only=True)
class Picard(Solver):
    """Damped Picard iteration: z_{k+1} = z_k + damping (f(z_k) - z_k). z0: (batch, ...).

    Converges if every eigenvalue l of df/dz has |1 - damping + damping l| < 1; without damping, |l| < 1.
    One call of f per step. damping in (0, 1], traced. For a contraction with constant L,
    error <= residual / (1 - L). Banach (1922), doi:10.4064/fm-3-1-133-181.
    """

    damping: float | Array = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_damping(self.damping)

    @property
    def calls_per_step(self) -> int:
        return 1

    def init(self, z: Array, f_z: Array) -> None:
        return None

    def step(self, f: Map, z: Array, f_z: Array, memory: None, active: Array) -> Step:
        z = (z + self.damping * (f_z - z)).astype(z.dtype)
        return Step(z, f(z), None, calls=1)
