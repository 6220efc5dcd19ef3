"""Gradients by the implicit function theorem, exact and truncated: the only custom_vjp.

With J = df/dz at z*, dz*/dtheta = (I - J)^{-1} df/dtheta, so that a cotangent g of z* reaches the
parameters as (df/dtheta)^T u with u = g + J^T u: another fixed point.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from deq.gradients.base import Apply, Gradient, Inputs, Probe, solved
from deq.solvers import Anderson, LinearSolver, Solution, Solver, norm, solve_linear
from deq.solvers.base import require_count, static, unit_scale
from deq.solvers.krylov import Derivative


@dataclass(frozen=True)
class AdjointGradient(Gradient):
    """Gradients that turn the cotangent g into u ~ (I - J^T)^{-1} g and pull u back through one cell."""

    @abc.abstractmethod
    def adjoint(self, derivative: Derivative, g: Array) -> Solution:
        """u for the cotangent g: (batch, ...), where derivative(u) = J^T u, with its statistics."""

    def solution(self, apply: Apply, inputs: Inputs, z0: Array, solver: Solver, probe: Probe) -> Solution:
        found = solved(apply, inputs, z0, solver)
        return replace(found, z=_attach(apply, self, inputs, found.z, probe))


Kept = tuple[AdjointGradient, Inputs, Array]  # from the forward pass, for the backward one


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _attach(apply: Apply, gradient: AdjointGradient, inputs: Inputs, z_star: Array, probe: Probe) -> Array:
    """z_star itself, with the derivative of an equilibrium."""
    return z_star


def _attach_forward(
    apply: Apply, gradient: AdjointGradient, inputs: Inputs, z_star: Array, probe: Probe
) -> tuple[Array, Kept]:
    return z_star, (gradient, inputs, z_star)


def _attach_backward(apply: Apply, kept: Kept, g: Array) -> tuple[None, Inputs, Array, Probe]:
    gradient, inputs, z_star = kept
    _, pull_back = jax.vjp(apply, inputs, z_star)
    u = gradient.adjoint(jax.tree_util.Partial(_through_z, pull_back), g)
    report = Probe(*(v.astype(jnp.float32) for v in (u.nfe, u.residual, u.converged)))
    inputs_bar, _ = pull_back(u.z)
    return None, inputs_bar, jnp.zeros_like(z_star), report


_attach.defvjp(_attach_forward, _attach_backward)


def _through_z(pull_back: Any, u: Array) -> Array:
    return pull_back(u)[1]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Implicit(AdjointGradient):
    """The exact gradient: u = g + J^T u to the solver's tolerance, matrix-free.

    solver: any fixed-point solver, or GMRES(), BiCGStab() or Dense() from deq.solvers. A backward solve
    that fails hands on its best u and says so through the `Probe`.
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
    """The truncated series u = sum_{i=0}^{terms} (J^T)^i g: `terms` products, error of order L^(terms + 1).

    terms = 0 is the one-step gradient. The reported residual is that of the sum one term shorter, the
    only one known without another product; it claims no convergence.
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
