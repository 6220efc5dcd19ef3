"""Every solver on maps, starts and settings that are hostile: divergence, NaN, overflow, empty batches."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from deq import Broyden, Picard, Solution, solve
from deq.solvers import Map, Solver, relative_residual
from tests.support.problems import assert_honest, every_solver, jit_solve, solve_and_measure, typical_solvers

WIDTH = 7  # entries of a state
X = np.linspace(0.1, 1.0, WIDTH, dtype=np.float32)
LINE = np.arange(1.0, 1.0 + WIDTH, dtype=np.float32)  # z* = 2 LINE of z / 2 + LINE


class Case(NamedTuple):
    """A map of one sample, its start and its settings."""

    f: Map
    z0: float | np.ndarray
    tol: float = 1e-5
    max_nfe: int | None = None  # the solver's own


def half(z: Array) -> Array:
    return 0.5 * z


def scaled_cosine(scale: float) -> Map:
    return lambda z: scale * jnp.cos(z / scale)


DIVERGING: dict[str, Case] = {
    "grows by squares": Case(lambda z: z * z + z + 1, 0.25),
    "leaves float32 in two steps": Case(lambda z: 1e25 * jnp.exp(jnp.abs(z)), 0.25),
    "overflows in the norm alone": Case(lambda z: 3e18 * jnp.ones_like(z) * (1 + jnp.abs(z)), 0.25),
    "jumps to infinity": Case(lambda z: jnp.where(z > 0.5, jnp.inf, z + 1), 0.25),
    "turns NaN": Case(jnp.log, 1.5),  # the iterates of log go below zero
}
# One sample each, with settings of its own, so that one program tries them all.
CASES = DIVERGING | {
    # tol = 0 is out of reach, since f rounds differently at every z.
    "stalls": Case(lambda z: jnp.sin(1.3 * jnp.roll(z, 1)) * 0.9 + X, 0.0, tol=0.0, max_nfe=400),
    "starts at its fixed point": Case(lambda z: 0.5 * z + LINE, 2 * LINE),
    "starts beside its fixed point": Case(lambda z: 0.5 * z + LINE, 2 * LINE + (LINE == WIDTH)),
    "zero from zero": Case(half, 0.0),
    "one call": Case(jnp.cos, 0.3, max_nfe=1),
    # From 1e-8 / tol, where the guard against 0 / 0 takes over, to the largest squares float32 can hold.
    "small": Case(scaled_cosine(1e-4), 0.0, tol=1e-4),
    "large": Case(scaled_cosine(1e15), 0.0, tol=1e-4),
    "denormal": Case(half, 1e-39),
    "enormous": Case(half, 1e30),
}
START = np.stack([np.full(WIDTH, case.z0, np.float32) for case in CASES.values()])


def every_case(z: Array) -> Array:
    return jnp.stack([case.f(row) for case, row in zip(CASES.values(), z, strict=True)])


@cache
def solved(solver: Solver) -> dict[str, Solution]:
    """The solution of each case, of one sample and in NumPy."""
    tol = np.array([case.tol for case in CASES.values()], np.float32)
    max_nfe = np.array([case.max_nfe or solver.max_nfe for case in CASES.values()])
    own = replace(solver, tol=tol, max_nfe=max_nfe)
    found, measured = solve_and_measure(every_case, jnp.asarray(START), own)
    assert_honest(found, measured, own)
    return {name: jax.tree.map(lambda leaf, i=i: np.asarray(leaf[i]), found) for i, name in enumerate(CASES)}


@every_solver
def test_divergence_is_never_convergence(solver: Solver) -> None:
    for name in DIVERGING:
        assert not solved(solver)[name].converged, name
        assert np.isfinite(solved(solver)[name].z).all(), name
    assert np.isfinite(solved(solver)["turns NaN"].residual)  # of the best iterate


@jax.jit
def tame(x: Array, z0: Array, solver: Solver) -> Solution:
    return solve(lambda z: 0.5 * jnp.tanh(z) + x, z0, solver)


@every_solver
def test_nan_in_one_sample_does_not_spread(solver: Solver) -> None:
    x = jnp.array([[1.0, jnp.nan], [1.0, 2.0], [0.5, 0.0]])
    z0 = jnp.zeros((3, 2)).at[2, 0].set(jnp.nan)
    solution = tame(x, z0, solver)
    alone = tame(jnp.tile(x[1], (3, 1)), jnp.zeros((3, 2)), solver)  # among copies of itself
    np.testing.assert_array_equal(solution.converged, [False, True, False])
    np.testing.assert_array_equal(solution.nfe, [1, alone.nfe[0], 1])
    np.testing.assert_array_equal(solution.residual[jnp.array([0, 2])], jnp.inf)
    np.testing.assert_array_equal(solution.z[0], z0[0])  # the only finite iterate
    np.testing.assert_allclose(solution.z[1], alone.z[0], rtol=1e-6)


@every_solver
def test_stalled_solve_ends_at_max_nfe_with_the_best_iterate(solver: Solver) -> None:
    solution = solved(solver)["stalls"]
    assert solution.residual < 1e-6
    assert solution.converged == (solution.residual == 0)


@every_solver
def test_start_at_the_fixed_point_costs_one_call(solver: Solver) -> None:
    there, beside = (solved(solver)[f"starts {where} its fixed point"] for where in ("at", "beside"))
    assert there.converged
    assert beside.converged
    assert there.nfe == 1 < beside.nfe
    np.testing.assert_array_equal(there.z, 2 * LINE)


@every_solver
def test_zero_fixed_point_from_zero(solver: Solver) -> None:
    solution = solved(solver)["zero from zero"]
    assert solution.converged
    assert solution.residual == 0


@every_solver
def test_max_nfe_of_one_evaluates_only_the_start(solver: Solver) -> None:
    solution, z0 = solved(solver)["one call"], np.full(WIDTH, 0.3, np.float32)
    assert solution.nfe == 1
    assert not solution.converged
    np.testing.assert_array_equal(solution.z, z0)
    assert solution.residual == pytest.approx(abs(np.cos(0.3) - 0.3) / np.cos(0.3))


@every_solver
@pytest.mark.parametrize(("name", "scale"), [("small", 1e-4), ("large", 1e15)])
def test_scale_of_the_state_does_not_matter(solver: Solver, name: str, scale: float) -> None:
    solution = solved(solver)[name]
    assert solution.converged
    np.testing.assert_allclose(solution.z / scale, 0.73908513, rtol=3e-4)


@every_solver
def test_denormal_and_enormous_states_stay_finite(solver: Solver) -> None:
    assert solved(solver)["denormal"].converged  # far below 1e-8 everything counts as zero
    assert not solved(solver)["enormous"].converged  # its norm is not finite in float32
    assert np.isfinite(solved(solver)["enormous"].z).all()


@typical_solvers
@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0,), (0, 4, 4, 2)])
def test_empty_batches_and_states(solver: Solver, shape: tuple[int, ...]) -> None:
    solution = jit_solve(jnp.cos, jnp.zeros(shape), solver, trace=2)
    assert solution.z.shape == shape
    assert solution.nfe.shape == solution.residual.shape == solution.converged.shape == shape[:1]
    assert solution.converged.all()


@typical_solvers
def test_states_with_many_axes(solver: Solver) -> None:
    solution = jit_solve(jnp.cos, jnp.zeros((2, 4, 4, 3)), solver)
    assert solution.converged.all()
    np.testing.assert_allclose(solution.z, 0.73908513, rtol=3e-5)


@typical_solvers
@pytest.mark.parametrize(("dtype", "shape"), [(jnp.bfloat16, (12,)), (jnp.float16, (2, 6))])
def test_half_precision(solver: Solver, dtype: jnp.dtype, shape: tuple[int, ...]) -> None:
    """Also of states that are single numbers."""
    x = jnp.linspace(0, 1, 12, dtype=dtype).reshape(shape)
    solution = jit_solve(lambda z: 0.5 * jnp.cos(z) + x, jnp.zeros_like(x), replace(solver, tol=2e-2))
    assert solution.z.dtype == dtype
    assert solution.residual.dtype == jnp.float32
    assert solution.converged.all()
    exact, offset = np.zeros(shape), np.asarray(x, float)
    for _ in range(60):
        exact = 0.5 * np.cos(exact) + offset
    np.testing.assert_allclose(solution.z.astype(jnp.float32), exact, atol=3e-2)


@typical_solvers
def test_weak_types_are_dropped(solver: Solver) -> None:
    weak = jnp.full((2, 2), 1.0)
    solution = jit_solve(lambda z: jnp.broadcast_to(jnp.asarray(2.0), z.shape), weak, solver)
    assert not solution.z.weak_type
    assert solution.z.dtype == jnp.float32


def test_a_start_may_be_of_numpy_and_solve_be_called_without_jit() -> None:
    solution = solve(jnp.cos, np.zeros((2, 2)))  # float64 there, float32 here
    assert solution.z.dtype == jnp.float32
    assert solution.converged.all()


def test_overflowing_norms_do_not_count_as_converged() -> None:
    """||f(z)|| overflows float32 while f(z) - z is finite: the plain quotient would be 0, hence "converged"."""
    z = jnp.full((1, 1), 1.9e19, jnp.float32)
    assert jnp.isinf(relative_residual(z, 1.05 * z)).all()
    solution = jit_solve(
        lambda z: 1.05 * z + 1, jnp.ones((1, 1), jnp.float32), Picard(tol=1e-3, max_nfe=2000)
    )
    assert not solution.converged.any()
    assert solution.residual[0] > 0.04
    assert solution.nfe[0] < 2000


def test_broyden_skips_updates_that_would_take_huge_steps() -> None:
    """g(z) = 1 - slope z: the secant step is 1 / slope, accepted up to about 1 / sqrt(rounding unit)."""

    slope = jnp.array([[1e-2], [1e-5]])
    found = jit_solve(lambda z: z + 1 - slope * z, jnp.zeros((2, 1)), Broyden(tol=1e-6, max_nfe=10), trace=10)
    np.testing.assert_array_equal(found.converged, [True, False])
    assert found.z[0, 0] == pytest.approx(100, rel=1e-4)
    assert np.nanmax(np.abs(found.trace.z[1])) <= 10  # Picard steps of 1, not one of 100,000
