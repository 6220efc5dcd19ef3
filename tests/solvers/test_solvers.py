"""Every solver on maps with known fixed points: the right answer, or an honest failure."""

from __future__ import annotations

from dataclasses import replace

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from deq import Anderson, Broyden, NewtonKrylov, ODEFlow, Picard, solve
from deq.solvers import SOLVERS, Map, Solver
from deq.solvers.ode import _runge_kutta
from tests.support.problems import (
    KNOWN,
    Problem,
    affine,
    assert_honest,
    contraction,
    every_solver,
    numbers,
    rotation,
)

pytestmark = pytest.mark.usefixtures("double_precision")

TIGHT = {name: replace(entry.default, tol=1e-8, max_nfe=1000) for name, entry in SOLVERS.items()}


@pytest.mark.parametrize("problem", KNOWN, ids=lambda p: p.name)
@pytest.mark.parametrize("name", TIGHT)
def test_known_fixed_point_or_honest_failure(name: str, problem: Problem) -> None:
    solver = TIGHT[name]
    solution = solve(problem.f, jnp.asarray(problem.z0), solver)
    assert_honest(problem.f, solution, solver)
    assert bool(solution.converged.all()) == (name in problem.solved_by)
    if name in problem.solved_by:
        error = np.linalg.norm(solution.z - problem.z_star, axis=1) / np.linalg.norm(problem.z_star, axis=1)
        assert error.max() <= 20 * 1e-8  # residual / distance of an eigenvalue from 1, at least 1 / 20 here


@pytest.mark.parametrize("name", ["Picard", "damped Picard", "ODE flow"])
def test_slow_contraction_has_an_error_within_the_bound(name: str) -> None:
    problem = affine("slow", numbers(0.999), numbers(1.0))
    solver = replace(TIGHT[name], tol=1e-5, max_nfe=20_000)
    solution = solve(problem.f, jnp.asarray(problem.z0), solver)
    assert_honest(problem.f, solution, solver)
    assert solution.converged.all()
    error = abs(float(solution.z[0, 0]) / 1000 - 1)
    assert error <= 1.01 * float(solution.residual[0]) / (1 - 0.999)
    assert name != "Picard" or error > 3e-3  # a residual of 1e-5 is an error of 0.3 %


def test_flow_solves_the_rotation_within_250_calls() -> None:
    problem = rotation()
    solution = solve(problem.f, jnp.asarray(problem.z0), ODEFlow(tol=1e-5))
    assert solution.converged.all()
    assert int(solution.nfe[0]) <= 250


@pytest.mark.parametrize(
    "method",
    [diffrax.Heun(), diffrax.Dopri5(), diffrax.Dopri8()],
    ids=lambda m: type(m).__name__,
)
def test_ode_methods_reach_the_steady_state(method: diffrax.AbstractSolver) -> None:
    problem = contraction()
    solution = solve(problem.f, jnp.asarray(problem.z0), ODEFlow(tol=1e-8, max_nfe=5000, method=method))
    assert_honest(problem.f, solution, ODEFlow(tol=1e-8, max_nfe=5000))
    assert solution.converged.all()
    np.testing.assert_allclose(solution.z, problem.z_star, rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    "method",
    [diffrax.Euler(), diffrax.Heun(), diffrax.Tsit5(), diffrax.Dopri8()],
    ids=lambda m: type(m).__name__,
)
def test_ode_step_has_the_order_of_its_method(method: diffrax.AbstractSolver) -> None:
    """One step of z' = -z^2 from 1 reaches 1 / (1 + h) up to an error of order h^{p+1}."""

    def f(z: Array) -> Array:
        return z - z**2

    def error(h: float) -> float:
        z, f_z, _ = _runge_kutta(method, f, jnp.ones((1, 1)), jnp.zeros((1, 1)), jnp.full((1, 1), h))
        assert f_z[0, 0] == f(z)[0, 0]
        return abs(float(z[0, 0]) - 1 / (1 + h))

    order = np.log2(error(0.2) / error(0.1)) - 1
    assert order == pytest.approx(method.order(None), abs=0.75)  # the next order is 1 away


@pytest.mark.parametrize("step_size", [1.0, 0.3])
def test_euler_is_damped_picard(step_size: float) -> None:
    problem, euler = contraction(), ODEFlow(tol=1e-8, method=diffrax.Euler(), step_size=step_size)
    flow = solve(problem.f, jnp.asarray(problem.z0), euler)
    picard = solve(problem.f, jnp.asarray(problem.z0), Picard(tol=1e-8, max_nfe=1000, damping=step_size))
    np.testing.assert_array_equal(flow.nfe, picard.nfe)
    np.testing.assert_allclose(flow.z, picard.z, rtol=1e-12)


def test_anderson_is_exact_once_memory_reaches_the_dimension() -> None:
    """Its default is 5."""
    problem = contraction(n=5)
    solution = solve(problem.f, jnp.asarray(problem.z0), Anderson(tol=1e-7, ridge=0.0))
    assert int(solution.nfe.max()) <= 5 + 2


def test_broyden_is_exact_within_twice_the_dimension() -> None:
    """Gay (1979): Broyden's method solves a linear system in at most 2 n steps."""
    problem = contraction(n=4)
    solution = solve(problem.f, jnp.asarray(problem.z0), Broyden(tol=1e-9, rank=20))
    assert int(solution.nfe.max()) <= 2 * 4 + 2


def test_newton_converges_quadratically() -> None:
    trace = solve(jnp.cos, jnp.array([[0.5]]), NewtonKrylov(tol=1e-12), trace=5).trace
    assert trace is not None
    residual = np.asarray(trace.residual[0])
    residual = residual[np.isfinite(residual) & (residual > 1e-12)]
    assert len(residual) >= 3
    assert (residual[1:] <= 2 * residual[:-1] ** 2).all()


def test_newton_halves_a_step_that_would_grow_the_residual() -> None:
    """The only zero of atan is 0, and the full Newton step from 3 overshoots to -9.5."""
    solution = solve(lambda z: z - jnp.arctan(z), jnp.array([[3.0]]), NewtonKrylov(tol=1e-6))
    # At z* = 0 the relative residual is 0 / 0, so converged is not checked.
    assert abs(float(solution.z[0, 0])) < 1e-3


class Counter:
    """A map that counts its calls and its Jacobian products at run time."""

    def __init__(self, f: Map) -> None:
        self.calls = 0

        def tick(_: Array) -> None:
            self.calls += 1

        @jax.custom_jvp
        def counted(z: Array) -> Array:
            jax.debug.callback(tick, z)
            return f(z)

        @counted.defjvp
        def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
            jax.debug.callback(tick, primals[0])
            jax.debug.callback(tick, tangents[0])
            return jax.jvp(f, primals, tangents)

        self.f = counted


@every_solver
@pytest.mark.parametrize("max_nfe", [1, 57])
def test_every_call_is_counted(solver: Solver, max_nfe: int) -> None:
    problem = rotation()
    counter = Counter(problem.f)
    solution = solve(counter.f, jnp.asarray(problem.z0), replace(solver, tol=1e-8, max_nfe=max_nfe))
    jax.block_until_ready(solution)
    jax.effects_barrier()
    assert int(solution.nfe[0]) == counter.calls <= max_nfe
