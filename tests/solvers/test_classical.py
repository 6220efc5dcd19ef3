"""The classical systems F(z) = 0 and the fixed points of other libraries' tests: solved, or an honest failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from deq import Solution, solve
from deq.solvers import SOLVERS, Solver
from tests.support.classical import CLASSICAL
from tests.support.peer_maps import PEER_MAPS

# Every map in one program takes long to compile.
pytestmark = [pytest.mark.usefixtures("double_precision"), pytest.mark.long]

TOL = 1e-9
SLOW = "JAXopt: geometric decay"  # at slope 0.999 a residual of 1e-9 is an error of 1e-6
WIDTH = 14  # entries of the largest state; shorter ones are padded with zeros
# Of the 23 systems, how many each solver solves at least as fixed points of z - F and of z + F: one less than measured
# where a solver has no line search, since its way may then hang on rounding.
SOLVED = {
    "Picard": (4, 1),
    "damped Picard": (4, 1),
    "Anderson": (13, 12),
    "Broyden": (12, 13),
    "Newton-Krylov": (23, 22),  # z + F: 23 with JAX 0.10, 22 with 0.12
    "ODE flow": (14, 1),
}

Row = tuple[Callable[[Array], Array], np.ndarray]  # one state's map, its start
ROWS: list[Row] = [
    *((lambda z, F=s.F: z - F(z), np.array(s.start)) for s in CLASSICAL),
    *((lambda z, F=s.F: z + F(z), np.array(s.start)) for s in CLASSICAL),
    *((p.f, np.array(p.start)) for p in PEER_MAPS),
]


def every_map(z: Array) -> Array:
    """Each row's own map on its own entries: one program for all problems. z: (rows, WIDTH)."""
    rows = [f(z[i, : len(start)]) for i, (f, start) in enumerate(ROWS)]
    return jnp.stack([jnp.pad(row, (0, WIDTH - len(row))) for row in rows])


def starts() -> Array:
    return jnp.asarray(np.stack([np.pad(start, (0, WIDTH - len(start))) for _, start in ROWS]))


@cache
def found(name: str) -> Solution:
    solver: Solver = replace(SOLVERS[name].default, tol=TOL, atol=TOL, max_nfe=2000)
    return jax.device_get(jax.jit(lambda z0: solve(every_map, z0, solver))(starts()))


@pytest.mark.parametrize("name", SOLVERS)
def test_classical_systems_are_solved_or_reported(name: str) -> None:
    solution, solved = found(name), []
    for row, system in enumerate([*CLASSICAL, *CLASSICAL]):
        z = solution.z[row, : len(system.start)]
        assert np.isfinite(z).all(), system.name
        solved.append(bool(solution.converged[row]))
        if solved[-1]:
            assert np.linalg.norm(system.F(jnp.asarray(z))) <= 1e-6, system.name
            away = [np.linalg.norm(z - root) / (1 + np.linalg.norm(root)) for root in np.array(system.roots)]
            assert min(away, default=0) <= 1e-2, system.name
    assert sum(solved[:23]) >= SOLVED[name][0]
    assert sum(solved[23:]) >= SOLVED[name][1]


@pytest.mark.parametrize("name", SOLVERS)
def test_fixed_points_of_other_libraries_are_found(name: str) -> None:
    solution = found(name)
    for row, problem in enumerate(PEER_MAPS, start=2 * len(CLASSICAL)):
        z = solution.z[row, : len(problem.start)]
        assert np.isfinite(z).all(), problem.name
        if name in problem.solved_by:
            assert solution.converged[row], problem.name
        if solution.converged[row]:
            away = [np.linalg.norm(z - answer) / (1 + np.linalg.norm(answer)) for answer in problem.answers]
            assert min(away) <= (1e-5 if problem.name == SLOW else 1e-7), problem.name
