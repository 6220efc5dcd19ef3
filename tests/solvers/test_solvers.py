"""Every solver on maps with known fixed points: the right answer, or an honest failure."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from deq import Anderson, Broyden, NewtonKrylov, ODEFlow, Picard, Solution
from deq.solvers import SOLVERS, Map, Solver
from deq.solvers.ode import _runge_kutta
from tests.support.problems import (
    KNOWN,
    affine,
    assert_honest,
    contraction,
    every_solver,
    jit_solve,
    numbers,
    rotation,
    solve_and_measure,
)

pytestmark = pytest.mark.usefixtures("double_precision")

TIGHT = {name: replace(entry.default, tol=1e-8, max_nfe=1000) for name, entry in SOLVERS.items()}


WIDTH = max(problem.z0.shape[1] for problem in KNOWN)
ENDS = np.cumsum([len(problem.z0) for problem in KNOWN])  # where each problem's rows end


def widened(z: Array) -> Array:
    """z with zeros up to WIDTH entries."""
    return jnp.pad(z, ((0, 0), (0, WIDTH - z.shape[1])))


def every_known_map(z: Array) -> Array:
    """All problems as one batch, so that one program tries them all. z: (rows, WIDTH)."""
    parts = zip(KNOWN, jnp.split(z, ENDS[:-1]), strict=True)
    return jnp.concatenate([widened(problem.f(part[:, : problem.z0.shape[1]])) for problem, part in parts])


@cache
def known(name: str) -> Solution:
    z0 = jnp.concatenate([widened(jnp.asarray(problem.z0)) for problem in KNOWN])
    solution, measured = solve_and_measure(every_known_map, z0, TIGHT[name])
    assert_honest(solution, measured, TIGHT[name])
    return jax.device_get(solution)


@pytest.mark.parametrize("index", range(len(KNOWN)), ids=[problem.name for problem in KNOWN])
@pytest.mark.parametrize("name", TIGHT)
def test_known_fixed_point_or_honest_failure(name: str, index: int) -> None:
    problem, rows = KNOWN[index], slice(ENDS[index] - len(KNOWN[index].z0), ENDS[index])
    found = known(name)
    outcome = f"residuals {found.residual[rows]} after {found.nfe[rows]} calls"
    assert bool(found.converged[rows].all()) == (name in problem.solved_by), outcome
    if name in problem.solved_by:
        z = found.z[rows, : problem.z0.shape[1]]
        error = np.linalg.norm(z - problem.z_star, axis=1) / np.linalg.norm(problem.z_star, axis=1)
        assert error.max() <= 20 * 1e-8  # residual / distance of an eigenvalue from 1, at least 1 / 20 here


@pytest.mark.parametrize("name", ["Picard", "damped Picard", "ODE flow"])
def test_slow_contraction_has_an_error_within_the_bound(name: str) -> None:
    problem = affine("slow", numbers(0.999), numbers(1.0))
    solver = replace(TIGHT[name], tol=1e-5, max_nfe=20_000)
    solution, measured = solve_and_measure(problem.f, jnp.asarray(problem.z0), solver)
    assert_honest(solution, measured, solver)
    assert solution.converged.all()
    error = abs(float(solution.z[0, 0]) / 1000 - 1)
    assert error <= 1.01 * float(solution.residual[0]) / (1 - 0.999)
    assert name != "Picard" or error > 3e-3  # a residual of 1e-5 is an error of 0.3 %


def test_flow_solves_the_rotation_within_250_calls() -> None:
    problem = rotation()
    solution = jit_solve(problem.f, jnp.asarray(problem.z0), ODEFlow(tol=1e-5))
    assert solution.converged.all()
    assert int(solution.nfe[0]) <= 250


@pytest.mark.parametrize(
    "method",
    [diffrax.Heun(), diffrax.Dopri5(), diffrax.Dopri8()],
    ids=lambda m: type(m).__name__,
)
def test_ode_methods_reach_the_steady_state(method: diffrax.AbstractSolver) -> None:
    problem = contraction()
    solver = ODEFlow(tol=1e-8, max_nfe=5000, method=method)
    solution, measured = solve_and_measure(problem.f, jnp.asarray(problem.z0), solver)
    assert_honest(solution, measured, solver)
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


def test_euler_is_damped_picard() -> None:
    problem = contraction()
    z0 = jnp.asarray(problem.z0)
    for step_size in (1.0, 0.3):
        flow = jit_solve(problem.f, z0, ODEFlow(tol=1e-8, method=diffrax.Euler(), step_size=step_size))
        picard = jit_solve(problem.f, z0, Picard(tol=1e-8, max_nfe=1000, damping=step_size))
        np.testing.assert_array_equal(flow.nfe, picard.nfe)
        np.testing.assert_allclose(flow.z, picard.z, rtol=1e-12)


def test_anderson_is_exact_once_memory_reaches_the_dimension() -> None:
    """Its default is 5."""
    problem = contraction(n=5)
    solution = jit_solve(problem.f, jnp.asarray(problem.z0), Anderson(tol=1e-7, ridge=0.0))
    assert int(solution.nfe.max()) <= 5 + 2


def test_broyden_is_exact_within_twice_the_dimension() -> None:
    """Gay (1979): Broyden's method solves a linear system in at most 2 n steps."""
    problem = contraction(n=4)
    solution = jit_solve(problem.f, jnp.asarray(problem.z0), Broyden(tol=1e-9, rank=20))
    assert int(solution.nfe.max()) <= 2 * 4 + 2


def test_newton_converges_quadratically() -> None:
    trace = jit_solve(jnp.cos, jnp.array([[0.5]]), NewtonKrylov(tol=1e-12), trace=5).trace
    assert trace is not None
    residual = np.asarray(trace.residual[0])
    residual = residual[np.isfinite(residual) & (residual > 1e-12)]
    assert len(residual) >= 3
    assert (residual[1:] <= 2 * residual[:-1] ** 2).all()


def test_newton_halves_a_step_that_would_grow_the_residual() -> None:
    """The only zero of atan is 0, and the full Newton step from 3 overshoots to -9.5."""
    solution = jit_solve(lambda z: z - jnp.arctan(z), jnp.array([[3.0]]), NewtonKrylov(tol=1e-6))
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
def test_every_call_is_counted(solver: Solver) -> None:
    problem = rotation()
    counter = Counter(problem.f)
    for max_nfe in (1, 57):
        counter.calls = 0
        solution = jit_solve(counter.f, jnp.asarray(problem.z0), replace(solver, tol=1e-8, max_nfe=max_nfe))
        jax.block_until_ready(solution)
        jax.effects_barrier()
        assert int(solution.nfe[0]) == counter.calls <= max_nfe
