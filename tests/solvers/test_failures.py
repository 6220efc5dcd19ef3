"""Every solver on maps, starts and settings that are hostile: divergence, NaN, overflow, empty batches."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from deq import Broyden, Picard, Solution, solve
from deq.solvers import Map, Solver, relative_residual
from tests.support.problems import assert_honest, every_solver

DIVERGING: dict[str, Map] = {
    "grows by squares": lambda z: z * z + z + 1,
    "leaves float32 in two steps": lambda z: 1e25 * jnp.exp(jnp.abs(z)),
    "overflows in the norm alone": lambda z: 3e18 * jnp.ones_like(z) * (1 + jnp.abs(z)),
    "jumps to infinity": lambda z: jnp.where(z > 0.5, jnp.inf, z + 1),
}


@every_solver
def test_divergence_is_never_convergence(solver: Solver) -> None:
    """One sample for each map, so that one program tries them all."""

    def f(z: Array) -> Array:
        return jnp.stack([each(row) for each, row in zip(DIVERGING.values(), z, strict=True)])

    solution = solve(f, jnp.full((len(DIVERGING), 3), 0.25), solver)
    assert_honest(f, solution, solver)
    assert not solution.converged.any()
    assert jnp.isfinite(solution.z).all()


@every_solver
def test_nan_in_one_sample_does_not_spread(solver: Solver) -> None:
    x = jnp.array([[1.0, jnp.nan], [1.0, 2.0], [0.5, 0.0]])
    z0 = jnp.zeros((3, 2)).at[2, 0].set(jnp.nan)
    solution = solve(lambda z: 0.5 * jnp.tanh(z) + x, z0, solver)
    alone = solve(lambda z: 0.5 * jnp.tanh(z) + x[1:2], z0[1:2], solver)
    np.testing.assert_array_equal(solution.converged, [False, True, False])
    np.testing.assert_array_equal(solution.nfe, [1, alone.nfe[0], 1])
    np.testing.assert_array_equal(solution.residual[jnp.array([0, 2])], jnp.inf)
    np.testing.assert_array_equal(solution.z[0], z0[0])  # the only finite iterate
    np.testing.assert_allclose(solution.z[1], alone.z[0], rtol=1e-6)


@every_solver
def test_nan_during_a_solve_leaves_the_best_iterate(solver: Solver) -> None:
    """log has no fixed point; from 1.5 the iterates go below zero, where it is NaN."""
    solution = solve(jnp.log, jnp.full((1, 2), 1.5), solver)
    assert_honest(jnp.log, solution, solver)
    assert not solution.converged.any()
    assert jnp.isfinite(solution.z).all()
    assert jnp.isfinite(solution.residual).all()


@every_solver
def test_stalled_solve_ends_at_max_nfe_with_the_best_iterate(solver: Solver) -> None:
    """tol = 0 is out of reach, since f rounds differently at every z."""
    x = jnp.linspace(0.1, 1.0, 7)[None]

    def f(z: Array) -> Array:
        return jnp.sin(1.3 * jnp.roll(z, 1, axis=1)) * 0.9 + x

    unreachable = replace(solver, tol=0.0, max_nfe=400)
    solution = solve(f, jnp.zeros((1, 7)), unreachable)
    assert_honest(f, solution, unreachable)
    assert float(solution.residual[0]) < 1e-6
    assert bool(solution.converged[0]) == (float(solution.residual[0]) == 0)


@every_solver
def test_start_at_the_fixed_point_costs_one_call(solver: Solver) -> None:
    z0 = jnp.array([[2.0, 4.0], [2.0, 5.0]])
    solution = solve(lambda z: 0.5 * z + jnp.array([1.0, 2.0]), z0, solver)
    assert solution.converged.all()
    assert int(solution.nfe[0]) == 1 < int(solution.nfe[1])
    np.testing.assert_array_equal(solution.z[0], z0[0])


@every_solver
def test_zero_fixed_point_from_zero(solver: Solver) -> None:
    solution = solve(lambda z: 0.5 * z, jnp.zeros((1, 3)), solver)
    assert bool(solution.converged[0])
    assert float(solution.residual[0]) == 0


@every_solver
def test_max_nfe_of_one_evaluates_only_the_start(solver: Solver) -> None:
    z0 = jnp.array([[0.3]])
    solution = solve(jnp.cos, z0, replace(solver, max_nfe=1))
    assert int(solution.nfe[0]) == 1
    assert not solution.converged[0]
    np.testing.assert_array_equal(solution.z, z0)
    assert float(solution.residual[0]) == pytest.approx(float(relative_residual(z0, jnp.cos(z0))[0]))


@every_solver
@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0,), (0, 4, 4, 2)])
def test_empty_batches_and_states(solver: Solver, shape: tuple[int, ...]) -> None:
    solution = solve(jnp.cos, jnp.zeros(shape), solver, trace=2)
    assert solution.z.shape == shape
    assert solution.nfe.shape == solution.residual.shape == solution.converged.shape == shape[:1]
    assert solution.converged.all()


@every_solver
@pytest.mark.parametrize("shape", [(3,), (2, 4, 4, 3)])
def test_states_of_any_shape(solver: Solver, shape: tuple[int, ...]) -> None:
    solution = solve(jnp.cos, jnp.zeros(shape), solver)
    assert solution.converged.all()
    np.testing.assert_allclose(solution.z, 0.73908513, rtol=3e-5)


@every_solver
@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision(solver: Solver, dtype: jnp.dtype) -> None:
    x = jnp.linspace(0, 1, 12, dtype=dtype).reshape(2, 6)
    solution = solve(lambda z: 0.5 * jnp.cos(z) + x, jnp.zeros((2, 6), dtype), replace(solver, tol=2e-2))
    assert solution.z.dtype == dtype
    assert solution.residual.dtype == jnp.float32
    assert solution.converged.all()
    exact, offset = np.zeros((2, 6)), np.asarray(x, float)
    for _ in range(60):
        exact = 0.5 * np.cos(exact) + offset
    np.testing.assert_allclose(solution.z.astype(jnp.float32), exact, atol=3e-2)


@every_solver
@pytest.mark.parametrize("scale", [1e-4, 1e15])
def test_scale_of_the_state_does_not_matter(solver: Solver, scale: float) -> None:
    """From 1e-8 / tol, where the guard against 0 / 0 takes over, to the largest squares float32 can hold."""
    solution = solve(lambda z: scale * jnp.cos(z / scale), jnp.zeros((1, 4)), replace(solver, tol=1e-4))
    assert solution.converged.all()
    np.testing.assert_allclose(solution.z / scale, 0.73908513, rtol=3e-4)


@every_solver
def test_denormal_and_enormous_states_stay_finite(solver: Solver) -> None:
    def f(z: Array) -> Array:
        return 0.5 * z

    tiny = solve(f, jnp.full((1, 3), 1e-39), solver)
    assert bool(tiny.converged[0])  # far below 1e-8 everything counts as zero
    enormous = solve(f, jnp.full((1, 3), 1e30), solver)
    assert not bool(enormous.converged[0])  # its norm is not finite in float32
    assert jnp.isfinite(enormous.z).all()


@every_solver
def test_weak_types_and_numpy_starts(solver: Solver) -> None:
    weak = jnp.full((2, 2), 1.0)
    for f in (lambda z: 0.5 * z, lambda z: jnp.broadcast_to(jnp.asarray(2.0), z.shape)):
        solution = solve(f, weak, solver)
        assert not solution.z.weak_type
        assert solution.z.dtype == jnp.float32
    assert solve(jnp.cos, np.zeros((2, 2)), solver).converged.all()  # float64 from NumPy, float32 here


def test_overflowing_norms_do_not_count_as_converged() -> None:
    """||f(z)|| overflows float32 while f(z) - z is finite: the plain quotient would be 0, hence "converged"."""
    z = jnp.full((1, 1), 1.9e19, jnp.float32)
    assert jnp.isinf(relative_residual(z, 1.05 * z)).all()
    solution = solve(lambda z: 1.05 * z + 1, jnp.ones((1, 1), jnp.float32), Picard(tol=1e-3, max_nfe=2000))
    assert not solution.converged.any()
    assert solution.residual[0] > 0.04
    assert solution.nfe[0] < 2000


def test_broyden_skips_updates_that_would_take_huge_steps() -> None:
    """g(z) = 1 - slope z: the secant step is 1 / slope, accepted up to about 1 / sqrt(rounding unit)."""

    def find(slope: float) -> Solution:
        return solve(lambda z: z + 1 - slope * z, jnp.zeros((1, 1)), Broyden(tol=1e-6, max_nfe=10), trace=10)

    near, far = find(1e-2), find(1e-5)
    assert near.converged.all()
    assert near.z[0, 0] == pytest.approx(100, rel=1e-4)
    assert not far.converged.any()
    assert jnp.nanmax(jnp.abs(far.trace.z)) <= 10  # Picard steps of 1, not one of 100,000
