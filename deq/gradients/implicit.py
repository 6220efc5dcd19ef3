"""Gradients by the implicit function theorem, exact and truncated: the only custom derivative.

With J = df/dz at z*, the equilibrium moves by dz = (I - J)^{-1} b, b = df/dinputs dinputs. Forward mode solves this
system, reverse mode its transpose u = g + J^T u for a cotangent g: both are fixed points again.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jax.custom_derivatives import SymbolicZero

from deq.gradients.base import ONCE, Gradient, Probe, solve_forward
from deq.gradients.function import Apply, Inputs
from deq.solvers import Anderson, LinearSolver, Solution, Solver, norm, solve_linear
from deq.solvers.base import flat, per_sample, require_count, static, unit_scale
from deq.solvers.constant import constant_in
from deq.solvers.krylov import Derivative
from deq.solvers.mesh import vary_together
from deq.solvers.precision import in_float32, to_floor
from deq.solvers.pytree import pytree

Solve = Callable[[Array], Solution]

IN_A_LOOP = (
    "JAX cannot differentiate an equilibrium twice inside a lax.scan or lax.map that is differentiated in reverse: the "
    "result would be wrong. Write the loop in Python, or use forward mode inside (jax.jacfwd)."
)


@dataclass(frozen=True)
class AdjointGradient(Gradient):
    """Gradients that solve u = g + J u, or with J^T in reverse mode, at the equilibrium."""

    @abc.abstractmethod
    def adjoint(self, derivative: Derivative, g: Array, precision: str) -> Solution:
        """u ~ (I - J)^{-1} g for g: (batch, ...), where derivative(u) = J u or J^T u, with its statistics.

        precision: of the products in `derivative`, which decides how small a residual can be.
        """

    @property
    def is_exact(self) -> bool:
        """Whether it may be differentiated again."""
        return True

    def solution(self, apply: Apply, inputs: Inputs, z0: Array, solver: Solver, probe: Probe) -> Solution:
        found = solve_forward(apply, inputs, z0, solver)
        return replace(found, z=_attach(apply, self, inputs, found.z, probe))


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _attach(apply: Apply, gradient: AdjointGradient, inputs: Inputs, z_star: Array, probe: Probe) -> Array:
    """Returns z_star, with the derivatives of an equilibrium."""
    return constant_in(inputs, z_star, IN_A_LOOP)


@partial(_attach.defjvp, symbolic_zeros=True)
@in_float32
def _attach_jvp(apply: Apply, primals: Any, tangents: Any) -> tuple[Array, Array]:
    gradient, inputs, z_star, probe = primals
    _, d_inputs, _, d_probe = tangents
    probed = not isinstance(d_probe.nfe, SymbolicZero)
    if probed or not gradient.is_exact:
        name = type(gradient).__name__ + (" with a probe" if gradient.is_exact else "")
        z = constant_in(inputs, z_star, ONCE.format(name))
    else:
        z = _attach(apply, gradient, inputs, z_star, probe)  # so that a second derivative sees z* move
    b = _through_inputs(apply, inputs, d_inputs, z)
    gradient = vary_together(
        gradient, z
    )  # in a shard_map custom_linear_solve requires that all it closes over varies alike
    _, push = jax.linearize(lambda z: apply(inputs, z), z)
    solves = _both_ways(push, b, partial(gradient.adjoint, precision=apply.precision))
    return z, (_solve_probed(push, b, d_probe, *solves) if probed else _solve(push, b, *solves))


def _through_inputs(apply: Apply, inputs: Inputs, d_inputs: Inputs, z: Array) -> Array:
    """df/dinputs dinputs; inputs without a tangent cost nothing."""
    leaves, tree = jax.tree.flatten(inputs)
    slopes = jax.tree.leaves(d_inputs, is_leaf=lambda leaf: isinstance(leaf, SymbolicZero))
    moving = [i for i, slope in enumerate(slopes) if not isinstance(slope, SymbolicZero)]

    def f(*moved: Array) -> Array:
        given = dict(zip(moving, moved, strict=True))
        return apply(jax.tree.unflatten(tree, [given.get(i, leaf) for i, leaf in enumerate(leaves)]), z)

    if not moving:
        return jnp.zeros_like(z)
    return jax.jvp(f, tuple(leaves[i] for i in moving), tuple(slopes[i] for i in moving))[1]


def _solve(push: Derivative, b: Array, forward: Solve, backward: Solve) -> Array:
    """dz = b + J dz where push(v) = J v; transposed it solves u = g + J^T u."""
    return jax.lax.custom_linear_solve(
        lambda v: v - push(v), b, lambda _, right: forward(right).z, lambda _, right: backward(right).z
    )


def _solve_probed(push: Derivative, b: Array, d_probe: Probe, forward: Solve, backward: Solve) -> Array:
    """The same, returning the transposed solve's statistics as the cotangent of the probe.

    The probe is a second unknown of the system, unaffected by its matrix.
    """
    d_probe, b = _bound_together(d_probe, b)

    def matvec(unknown: tuple[Array, Probe]) -> tuple[Array, Probe]:
        return unknown[0] - push(unknown[0]), unknown[1]

    def solve(_: Any, right: tuple[Array, Probe]) -> tuple[Array, Probe]:
        return forward(right[0]).z, right[1]

    def solve_transposed(_: Any, right: tuple[Array, Probe]) -> tuple[Array, Probe]:
        u = backward(right[0])
        return u.z, Probe(*(v.astype(jnp.float32) for v in (u.nfe, u.residual, u.converged)))

    return jax.lax.custom_linear_solve(matvec, (b, d_probe), solve, solve_transposed)[0]


def _both_ways(push: Derivative, like: Array, adjoint: Callable[..., Solution]) -> tuple[Solve, Solve]:
    """The solves with J and with J^T, for right-hand sides like the one given."""
    pull = jax.linear_transpose(push, like)
    products = _as_pytree(push, like), _as_pytree(lambda u: pull(u)[0], like)
    forward, backward = (partial(adjoint, product) for product in products)
    return forward, backward


def _bound_together(d_probe: Probe, b: Array) -> tuple[Probe, Array]:
    """Both unchanged but tied together: JAX transposes a solve only if its whole right-hand side has a tangent."""
    never = jnp.zeros(b.shape[:1], bool)
    total = jnp.sum(flat(b), axis=1).astype(jnp.float32)
    probe = jax.tree.map(lambda d: d + jnp.where(never, total, 0), d_probe)
    return probe, b + per_sample(jnp.where(never, probe.nfe, 0).astype(b.dtype), b)


def _as_pytree(function: Callable[[Array], Array], like: Array) -> Derivative:
    """The function as a pytree of the arrays that it closes over, as Lineax's loops need it."""
    closed = eqx.filter_closure_convert(function, like)
    arrays, program = eqx.partition(closed, eqx.is_array)
    return jax.tree_util.Partial(lambda arrays, v: eqx.combine(arrays, program)(v), arrays)


@pytree
@dataclass(frozen=True)
class Implicit(AdjointGradient):
    """The exact gradient: u = g + J^T u to the solver's tolerance, matrix-free.

    solver: any fixed-point solver, or GMRES(), BiCGStab() or Dense() from deq.solvers. If the backward solve
    fails, its best u is used and the `Probe` reports it. Forward mode solves dz = b + J dz the same way. Derivatives
    of every order, in any mix of modes.
    """

    solver: Solver | LinearSolver = Anderson()

    @property
    def in_parts(self) -> bool:
        return self.solver.in_parts

    @property
    def solvers(self) -> tuple[Solver | LinearSolver]:
        return (self.solver,)

    def adjoint(self, derivative: Derivative, g: Array, precision: str) -> Solution:
        return to_floor(lambda solver: solve_linear(derivative, g, solver), self.solver, precision)


@pytree
@dataclass(frozen=True)
class Neumann(AdjointGradient):
    """The truncated Neumann series u = sum_{i=0}^{terms} (J^T)^i g: `terms` products, error O(L^(terms + 1)).

    terms = 0 is the one-step gradient. First derivatives only, in forward and reverse mode. The reported residual is
    that of the sum without its last term, which costs no extra product; converged is always False.
    Geng et al. (2021), arXiv:2111.05177.
    """

    terms: int = static(5)

    def __post_init__(self) -> None:
        require_count("terms", self.terms, least=0)

    @property
    def is_exact(self) -> bool:
        return False

    def adjoint(self, derivative: Derivative, g: Array, precision: str) -> Solution:
        def add(carry: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
            total, term = carry
            term = derivative(term)
            return (total + term, term), None

        (u, last), _ = jax.lax.scan(add, (g, g), length=self.terms)
        scale, batch = unit_scale(g), g.shape[:1]
        size = norm(g / scale)
        residual = jnp.where(size > 0, norm(last / scale) / jnp.where(size > 0, size, 1), 0)
        return Solution(u, residual, jnp.full(batch, self.terms, jnp.int32), jnp.zeros(batch, bool))
