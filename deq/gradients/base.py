"""What every gradient shares: the cell as a pure function, the forward solve, the backward solve's report."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from deq.solvers import Solution, Solver, solve

Inputs = tuple[nnx.State, Any]  # the cell's variables and x: all that z* depends on


@dataclass(frozen=True)
class Apply:
    """The cell as a pure function. Frozen and hashable, so that it traces once and not at every call."""

    graphdef: nnx.GraphDef

    def __call__(self, inputs: Inputs, z: Array) -> Array:
        variables, x = inputs
        # A copy keeps the cell's own variables (dropout counts, batch statistics) out of the solver's loop.
        return nnx.merge(self.graphdef, variables, copy=True)(z, x)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Probe:
    """A dummy input whose cotangent carries the backward solve's statistics out of jit and grad.

    nfe, residual, converged: (batch,) float32 zeros. Differentiate a loss with respect to it and read
    products with J^T, relative residual and verdict (1 or 0) of each sample's backward solve.
    All zeros where the gradient needs no solve (phantom, unrolled, through the ODE).
    """

    nfe: Array
    residual: Array
    converged: Array

    @staticmethod
    def zeros(batch: int) -> Probe:
        return Probe(*(jnp.zeros(batch, jnp.float32) for _ in range(3)))


class Gradient(abc.ABC):
    """How a cotangent of z* reaches the cell's parameters and x. z0 always gets zero.

    seeks_equilibrium: whether the forward pass solves for z* at all, rather than take some steps.
    """

    seeks_equilibrium: ClassVar[bool] = True

    @property
    def in_parts(self) -> bool:
        """Whether parts of a batch may be differentiated on devices of their own, see deq.devices."""
        return True

    @abc.abstractmethod
    def solution(self, apply: Apply, inputs: Inputs, z0: Array, solver: Solver, probe: Probe) -> Solution:
        """The forward solve, with z made differentiable in `inputs`."""


def solved(apply: Apply, inputs: Inputs, z0: Array, solver: Solver) -> Solution:
    """The forward solve as data: no tangent enters its loop."""
    inputs = jax.lax.stop_gradient(inputs)
    return jax.lax.stop_gradient(solve(lambda z: apply(inputs, z), z0, solver))
