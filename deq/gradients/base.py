"""What all gradients share: the forward solve and the probe of the backward solve."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax import Array

from deq.gradients.function import Apply, Inputs
from deq.solvers import Map, Solution, Solver
from deq.solvers.loop import run
from deq.solvers.precision import to_floor
from deq.solvers.pytree import pytree

ONCE = (
    "{} has first derivatives only: a second one would treat z* as a constant and be wrong. Use gradient=Implicit(), "
    "and leave the probe out."
)


@pytree
@dataclass(frozen=True)
class Probe:
    """A dummy input whose cotangent carries the backward solve's statistics out of jit and grad.

    nfe, residual, converged: (batch,) float32 zeros. The gradient of a loss with respect to it holds, for each
    sample's backward solve, the products with J^T, the relative residual and whether it converged (1 or 0).
    All zeros if the gradient needs no solve (phantom, unrolled, through the ODE). Reverse mode and first
    derivatives only; in forward mode it has no effect.
    """

    nfe: Array
    residual: Array
    converged: Array

    @staticmethod
    def zeros(batch: int) -> Probe:
        return Probe(*(jnp.zeros(batch, jnp.float32) for _ in range(3)))


class Gradient(abc.ABC):
    """How a cotangent of z* reaches the cell's parameters and x. The gradient in z0 is always zero.

    seeks_equilibrium: whether the forward pass solves for z*; False for a fixed number of steps or an ODE.
    """

    seeks_equilibrium: ClassVar[bool] = True

    @property
    def in_parts(self) -> bool:
        """Whether each device can differentiate its part of a batch on its own, see deq.devices.in_parts."""
        return True

    @property
    def solvers(self) -> tuple[Any, ...]:
        """The solvers of its own backward solve."""
        return ()

    @abc.abstractmethod
    def solution(self, apply: Apply, inputs: Inputs, z0: Array, solver: Solver, probe: Probe) -> Solution:
        """The forward solve, with z differentiable in `inputs`."""


def solve_forward(apply: Apply, inputs: Inputs, z0: Array, solver: Solver) -> Solution:
    """The forward solve, held constant: no tangents enter its loop."""
    inputs = jax.lax.stop_gradient(inputs)

    def rows(places: Array) -> Map:
        few = apply.rows(inputs, places)
        return lambda z: apply(few, z)

    found = to_floor(
        lambda s: run(lambda z: apply(inputs, z), z0, s, rows=rows if apply.rowwise else None),
        solver,
        apply.precision,
    )
    return jax.lax.stop_gradient(found)
