"""Gradients by the implicit function theorem, exact or truncated, through one custom_vjp.

With J = df/dz at z*, dz*/dtheta = (I - J)^{-1} df/dtheta, so the gradient in the parameters for a cotangent g
of z* is (df/dtheta)^T u with u = g + J^T u, another fixed point.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from deq.gradients.base import Apply, Gradient, Inputs, Probe, solve_forward
from deq.solvers import Anderson, LinearSolver, Solution, Solver, norm, solve_linear
from deq.solvers.base import require_count, static, unit_scale
from deq.solvers.krylov import Derivative


@dataclass(frozen=True)
class AdjointGradient(Gradient):
    """Gradients that find u ~ (I - J^T)^{-1} g for the cotangent g and pull u back through one call of the cell."""

    @abc.abstractmethod
    def adjoint(self, derivative: Derivative, g: Array) -> Solution:
        """u for the cotangent g: (batch, ...), with the solve's statistics; derivative(u) = J^T u."""

    def solution(self, apply: Apply, inputs: Inputs, z0: Array, solver: Solver, probe: Probe) -> Solution:
        found = solve_forward(apply, inputs, z0, solver)
        return replace(found, z=_attach(apply, self, inputs, found.z, probe))


Saved = tuple[AdjointGradient, Inputs, Array]  # by the forward pass for the backward pass


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _attach(apply: Apply, gradient: AdjointGradient, inputs: Inputs, z_star: Array, probe: Probe) -> Array:
    """Returns z_star, with the derivative of an equilibrium."""
    return z_star


def _attach_forward(
    apply: Apply, gradient: AdjointGradient, inputs: Inputs, z_star: Array, probe: Probe
) -> tuple[Array, Saved]:
    return z_star, (gradient, inputs, z_star)


def _attach_backward(apply: Apply, saved: Saved, g: Array) -> tuple[None, Inputs, Array, Probe]:
    gradient, inputs, z_star = saved
    _, pull_back = jax.vjp(apply, inputs, z_star)
    u = gradient.adjoint(jax.tree_util.Partial(_pull_back_to_z, pull_back), g)
    statistics = Probe(*(v.astype(jnp.float32) for v in (u.nfe, u.residual, u.converged)))
    inputs_bar, _ = pull_back(u.z)
    return None, inputs_bar, jnp.zeros_like(z_star), statistics


_attach.defvjp(_attach_forward, _attach_backward)


def _pull_back_to_z(pull_back: Any, u: Array) -> Array:
    return pull_back(u)[1]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Implicit(AdjointGradient):
    """The exact gradient: u = g + J^T u to the solver's tolerance, matrix-free.

    solver: any fixed-point solver, or GMRES(), BiCGStab() or Dense() from deq.solvers. If the backward solve
    fails, its best u is used and the `Probe` reports it.
    """

    solver: Solver | LinearSolver = Anderson()

    @property
    def in_parts(self) -> bool:
        return self.solver.in_parts

    def adjoint(self, derivative: Derivative, g: Array) -> Solution:
        return solve_linear(derivative, g, self.solver)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Neumann(AdjointGradient):
    """The truncated Neumann series u = sum_{i=0}^{terms} (J^T)^i g: `terms` products, error O(L^(terms + 1)).

    terms = 0 is the one-step gradient. The reported residual is that of the sum with one term fewer, which
    costs no extra product; converged is always False.
    Geng et al. (2021), arXiv:2111.05177.
    """

    terms: int = static(5)

    def __post_init__(self) -> None:
        require_count("terms", self.terms, least=0)

    def adjoint(self, derivative: Derivative, g: Array) -> Solution:
        def add(carry: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
            total, term = carry
            term = derivative(term)
            return (total + term, term), None

        (u, last), _ = jax.lax.scan(add, (g, g), length=self.terms)
        scale, batch = unit_scale(u), g.shape[:1]
        size = norm(u / scale)
        residual = jnp.where(size > 0, norm(last / scale) / jnp.where(size > 0, size, 1), 0)
        return Solution(u, residual, jnp.full(batch, self.terms, jnp.int32), jnp.zeros(batch, bool))
