"""`equilibrium`: z* = f(z*, x) of a cell, differentiable."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from deq.gradients.base import Gradient, Probe
from deq.gradients.function import Apply, Cell, pure
from deq.gradients.implicit import Implicit
from deq.solvers import Anderson, Solution, Solver
from deq.solvers.loop import split_solution
from deq.solvers.precision import in_float32, require_reachable
from deq.solvers.state import Layout


@in_float32
def equilibrium(
    cell: Cell,
    x: Any,
    z0: Any,
    solver: Solver = Anderson(),
    gradient: Gradient = Implicit(),
    probe: Probe | None = None,
    precision: str = "float32",
    rowwise: bool = False,
) -> Solution:
    """Solve z* = cell(z*, x) for every sample, differentiable in the cell's parameters and in x.

    With `Implicit`, the default, derivatives of every order in any mix of modes: jax.hessian, or jax.jvp of jax.grad.

    Args:
        cell: f(z, x), z of z0's structure and shapes. An NNX module, or any other callable: an Equinox module, a
            jax.tree_util.Partial, a plain function. Differentiable in all arrays that it holds or closes over.
        x: the cell's input, an array or a pytree of arrays.
        z0: (batch, ...) start, or a pytree of such arrays; its gradient is zero, since the equilibrium does not
            depend on it.
        solver: for the forward pass. gradient: how to differentiate z*. probe: see `Probe`.
        precision: of the factors of the cell's float32 products, here and in every derivative: float32 on any backend
            by default; tf32 and bf16 are faster on accelerators and reach residuals of about 1e-4 and 1e-3. State,
            sums and residual stay float32. See `deq.solvers.rounding`.
        rowwise: every array of x has a row per sample, and the cell, an NNX module, draws no random numbers: then the
            slowest samples of a large batch are finished in a smaller one, see `deq.solvers.slowest`.

    Returns:
        A Solution. Only z is differentiable; residual, nfe, converged and error are constants.

    Raises:
        ValueError: the cell cannot be called, changes the shape or dtype of z0, or changes its own state (batch
            statistics); a tol that the precision cannot reach (with a traced tol the solve ends at the residual that it
            can reach, with converged=False); or, on differentiation, a second derivative that would be wrong.

    Bai, Kolter & Koltun (2019), arXiv:1909.01377.
    """
    if not isinstance(gradient, Gradient):
        raise ValueError(
            f"gradient must be a Gradient with its settings, such as Implicit(); got {gradient!r}."
        )
    if rowwise and not isinstance(cell, nnx.Module):
        raise ValueError(
            "rowwise needs a cell that is an NNX module: a plain function is traced for one batch size only."
        )
    require_reachable(precision, solver, *gradient.solvers)
    x, z0 = jax.tree.map(jnp.asarray, (x, jax.lax.stop_gradient(z0)))
    layout = Layout.of(z0)
    function, variables = pure(cell, x, z0)
    start = layout.join(z0)
    probe = Probe.zeros(len(start)) if probe is None else probe
    found = gradient.solution(
        Apply(function, layout, precision, rowwise), (variables, x), start, solver, probe
    )
    return split_solution(layout, found)
