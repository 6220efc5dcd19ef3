"""Solvers and flows on maps of one or two variables, in float64.

A formula is part of the compiled program, its parameters are not: a new formula compiles once, a slider never.
"""

import functools
from collections.abc import Callable
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from deq.maps.formula import Formula
from deq.maps.planar import PlanarCell
from deq.solvers import SOLVERS, Solution, Solver, solve

MAX_NFE = 60
RACERS = (
    "Picard",
    "damped Picard",
    "Anderson",
    "Newton-Krylov",
)  # the solvers that make sense in one dimension
KEPT_FORMULAS = 16  # compiled programs kept, the least recently used dropped first
FAR = 1e6  # a flow this far out has diverged


def race_solvers(
    formula: Formula, a: float, b: float, start: float, *, damping: float, tol: float
) -> dict[str, Solution]:
    """Solve x = f(x, a, b) from one start by Picard, damped Picard, Anderson and Newton, with traces.

    In one dimension Anderson with memory 1 is the secant method. Solution.z: (1, 1).
    """
    settings = {"tol": tol, "max_nfe": MAX_NFE, "damping": damping, "memory": 1, "krylov": 1}
    solvers = {name: SOLVERS[name].make(settings) for name in RACERS}
    with jax.enable_x64(True):
        found = jax.device_get(_compile_race(formula)(np.array([[start]]), a, b, solvers))
    return {name: found[name] for name in solvers}  # jit sorts the names; restore the order of the legend


@functools.lru_cache(KEPT_FORMULAS)
def _compile_race(formula: Formula) -> Callable[..., dict[str, Solution]]:
    @jax.jit
    def race(start: Array, a: Array, b: Array, solvers: dict[str, Solver]) -> dict[str, Solution]:
        return {
            name: solve(lambda x: formula(x, a, b), start, s, trace=MAX_NFE) for name, s in solvers.items()
        }

    return race


def flow(formula: Formula, a: float, b: float, start: float, times: np.ndarray) -> np.ndarray:
    """x(t) of dx/dt = f(x, a, b) - x from x(0) = start at ascending times from 0, (n,): (n,), NaN once it diverges.

    Diffrax, Tsit5 with rtol 1e-7; stops where |x| exceeds 1e6 or the formula is undefined.
    """
    with jax.enable_x64(True):
        return np.asarray(_compile_flow(formula)(start, a, b, times))


@functools.lru_cache(KEPT_FORMULAS)
def _compile_flow(formula: Formula) -> Callable[..., Array]:
    @jax.jit
    def run(start: Array, a: Array, b: Array, times: Array) -> Array:
        return _integrate(lambda t, x, args: formula(x, *args) - x, start, (a, b), times)

    return run


def planar_flow(cell: PlanarCell, starts: np.ndarray, times: np.ndarray) -> np.ndarray:
    """z(t) of dz/dt = tanh(W z + x) - z from starts (n, 2) at times (m,): (m, n, 2)."""
    with jax.enable_x64(True):
        return np.asarray(_planar_flow(starts, (cell.weights, cell.x), times))


@jax.jit
def _planar_flow(starts: Array, arguments: tuple[Array, Array], times: Array) -> Array:
    def field(t: Any, z: Array, args: tuple[Array, Array]) -> Array:
        return jnp.tanh(z @ args[0].T + args[1]) - z

    return _integrate(field, starts, arguments, times)


def _integrate(field: Callable[..., Array], start: Array, arguments: Any, times: Array) -> Array:
    """Diffrax's Tsit5, saved at `times`; NaN once the solution exceeds the bound."""
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(field),
        diffrax.Tsit5(),
        t0=times[0],
        t1=times[-1],
        dt0=None,
        y0=start,
        args=arguments,
        saveat=diffrax.SaveAt(ts=times),
        stepsize_controller=diffrax.PIDController(rtol=1e-7, atol=1e-9),
        event=diffrax.Event(lambda t, y, args, **_: jnp.max(jnp.abs(y)) > FAR),
        max_steps=4096,
        throw=False,
    )
    return jnp.where(jnp.abs(solution.ys) <= FAR, solution.ys, jnp.nan)


def planar_nfe(cell: PlanarCell, starts: np.ndarray, solver: Solver) -> Solution:
    """Solve z = tanh(W z + x) from every start (n, 2) at once; Solution.nfe: (n,)."""
    with jax.enable_x64(True):
        return jax.device_get(_planar_solve(starts, cell.weights, cell.x, solver))


@jax.jit
def _planar_solve(starts: Array, weights: Array, x: Array, solver: Solver) -> Solution:
    return solve(lambda z: jnp.tanh(z @ weights.T + x), starts, solver)
