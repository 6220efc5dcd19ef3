"""Gradients by ordinary backpropagation: through a few steps at z*, through an unrolled loop, through an ODE."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import diffrax
import jax
import jax.numpy as jnp
from jax import Array

from deq.gradients.base import ONCE, Gradient, Probe, solve_forward
from deq.gradients.function import Apply, Inputs
from deq.solvers import Solution, Solver, norm
from deq.solvers.base import Contract, relative, require, require_count, require_damping, static
from deq.solvers.constant import constant_once_in
from deq.solvers.mesh import refuse_in_shard_map, vary_together
from deq.solvers.pytree import pytree


@dataclass(frozen=True)
class _DampedSteps(Gradient):
    """Gradients through `steps` damped steps z <- z + damping (f(z) - z)."""

    steps: int = static(1)
    damping: float | Array = 1.0

    def __post_init__(self) -> None:
        require_count("steps", self.steps)
        require_damping(self.damping)

    def run(self, apply: Apply, inputs: Inputs, z: Array) -> Array:
        """z after the steps, differentiable in inputs and z."""

        def step(z: Array, _: None) -> tuple[Array, None]:
            return (z + self.damping * (apply(inputs, z) - z)).astype(z.dtype), None

        z = vary_together(z, inputs)
        # A single step must not be a loop: XLA's gradients of convolutions are slow inside one on a CPU.
        return jax.lax.scan(step, z, length=self.steps, unroll=self.steps == 1)[0]


@pytree
@dataclass(frozen=True)
class Phantom(_DampedSteps):
    """Differentiate `steps` damped steps z <- z + damping (f(z) - z) starting from z*, held constant.

    steps = 1, damping = 1 is Jacobian-free backpropagation: u = g. The value stays z*. A second derivative raises
    ValueError.
    Geng et al. (2021), arXiv:2111.05177; Fung et al. (2022), arXiv:2103.12803. damping is traced.
    """

    def solution(self, apply: Apply, inputs: Inputs, z0: Array, solver: Solver, probe: Probe) -> Solution:
        found = solve_forward(apply, inputs, z0, solver)
        z = self.run(apply, inputs, constant_once_in(inputs, found.z, ONCE.format("Phantom")))
        zero = z - jax.lax.stop_gradient(z)  # with the derivative of z
        return replace(found, z=found.z + jnp.where(jnp.isfinite(zero), zero, 0))


@pytree
@dataclass(frozen=True)
class Unrolled(_DampedSteps):
    """No equilibrium: `steps` damped steps from z0, backpropagated one by one; memory grows with steps.

    The forward solver does not run; its tol decides what counts as converged. nfe = steps + 2: the last
    two calls measure the residual and judge it. Can be differentiated repeatedly. damping is traced.
    """

    seeks_equilibrium: ClassVar[bool] = False
    steps: int = static(10)

    def solution(self, apply: Apply, inputs: Inputs, z0: Array, solver: Solver, probe: Probe) -> Solution:
        z = self.run(apply, inputs, z0)
        return _measure(apply, inputs, z0, z, jnp.full(z.shape[:1], self.steps, jnp.int32), solver)


@pytree
@dataclass(frozen=True)
class Progressive(Unrolled):
    """Train on the next `steps` steps from any z0, and solve when the model is used.

    For recipes with `wander`, whose solves start at a random depth: training then teaches a step to bring every state
    closer to the answer, and to stay there. Otherwise like `Unrolled`. Bansal et al. (2022), arXiv:2202.05826.
    """

    seeks_equilibrium: ClassVar[bool] = True
    steps: int = static(5)


@pytree
@dataclass(frozen=True)
class ThroughODE(Gradient):
    """Backpropagation through dz/dt = f(z) - z from 0 to t1 with recursive checkpointing: a neural ODE.

    Diffrax's Tsit5 integrates the whole batch as one system, with step-size control at tol; memory grows with
    sqrt(max_steps). The forward solver does not run; its tol decides what counts as converged. t1 (in units of
    the flow's time) and tol are traced. Not inside a shard_map, where Diffrax cannot run.
    nfe: 6 per step, 1 at the start and 2 to judge the end.
    Chen et al. (2018), arXiv:1806.07366; Griewank (1992), doi:10.1080/10556789208805505.
    """

    seeks_equilibrium: ClassVar[bool] = False
    t1: float | Array = 10.0
    tol: float | Array = 1e-5
    max_steps: int = static(256)

    @property
    def in_parts(self) -> bool:
        return False  # the batch is one system, and Diffrax does not run inside a shard_map

    def __post_init__(self) -> None:
        require("t1", self.t1, lambda t: t > 0, "a number > 0")
        require("tol", self.tol, lambda tol: tol > 0, "a number > 0")
        require_count("max_steps", self.max_steps)

    def solution(self, apply: Apply, inputs: Inputs, z0: Array, solver: Solver, probe: Probe) -> Solution:
        refuse_in_shard_map("ThroughODE, which integrates with Diffrax,", "Implicit or Unrolled")
        flow = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, z, inputs: apply(inputs, z) - z),
            diffrax.Tsit5(),
            t0=jnp.zeros((), z0.dtype),
            t1=jnp.asarray(self.t1, z0.dtype),
            dt0=None,
            y0=z0,
            args=inputs,
            stepsize_controller=diffrax.PIDController(rtol=self.tol, atol=self.tol),
            adjoint=diffrax.RecursiveCheckpointAdjoint(),
            max_steps=self.max_steps,
            throw=False,
        )
        assert flow.ys is not None
        calls = jnp.full(z0.shape[:1], 6 * flow.stats["num_steps"] + 1, jnp.int32)
        return _measure(apply, inputs, z0, flow.ys[0], calls, solver)


def _measure(apply: Apply, inputs: Inputs, z0: Array, z: Array, nfe: Array, solver: Solver) -> Solution:
    """z with its residual, held constant, judged as a solve from z0 is; two calls of f."""
    inputs, held = jax.lax.stop_gradient((inputs, z))
    f_z = apply(inputs, held)
    residual, size = norm(f_z - held), norm(f_z)
    met = Contract.of(z0, apply(inputs, z0), solver).met(residual, size)
    return Solution(z, relative(residual, size), nfe + 2, met)
