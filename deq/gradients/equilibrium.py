"""`equilibrium`: z* = f(z*, x) of a cell, differentiable."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from deq.gradients.base import Apply, Gradient, Probe
from deq.gradients.implicit import Implicit
from deq.solvers import Anderson, Solution, Solver


def equilibrium(
    cell: nnx.Module,
    x: Any,
    z0: Array,
    solver: Solver = Anderson(),
    gradient: Gradient = Implicit(),
    probe: Probe | None = None,
) -> Solution:
    """Solve z* = cell(z*, x) for every sample, differentiable in the cell's parameters and in x.

    With `Implicit`, the default, derivatives of every order in any mix of modes: jax.hessian, or jax.jvp of jax.grad.

    Args:
        cell: an NNX module with __call__(z, x), (batch, ...) -> (batch, ...).
        x: the cell's input, an array or a pytree of arrays.
        z0: (batch, ...) start; its gradient is zero, since the equilibrium does not depend on it.
        solver: for the forward pass. gradient: how to differentiate z*. probe: see `Probe`.

    Returns:
        A Solution. Only z is differentiable; residual, nfe and converged are constants.

    Raises:
        ValueError: the cell is not an NNX module, or changes the shape or dtype of z0; or, when it is
            differentiated, a second derivative that would be wrong is asked of it.

    Bai, Kolter & Koltun (2019), arXiv:1909.01377.
    """
    if not isinstance(cell, nnx.Module):
        raise ValueError(f"cell must be a flax.nnx.Module with __call__(z, x); got {type(cell).__name__}.")
    if not isinstance(gradient, Gradient):
        raise ValueError(
            f"gradient must be a Gradient with its settings, such as Implicit(); got {gradient!r}."
        )
    graphdef, variables = nnx.split(cell)
    z0 = jax.lax.stop_gradient(jnp.asarray(z0))
    probe = Probe.zeros(z0.shape[0] if z0.ndim else 0) if probe is None else probe
    return gradient.solution(Apply(graphdef), (variables, x), z0, solver, probe)
