"""Converged means converged: running away claims nothing, and a failed solve returns its least bad iterate."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from deq import Picard, solve
from deq.solvers import Map, Solver
from deq.solvers.splitting import solve_splitting
from tests.support.problems import every_solver, jit_solve, typical_solvers

WEIGHTS = np.random.default_rng(0).normal(size=(16, 16)).astype(np.float32)
X = np.random.default_rng(1).normal(size=(64, 16)).astype(np.float32)
FAR = np.linspace(4, 14, 41, dtype=np.float32)[:, None]
# The first three have no equilibrium, or none that attracts. Each takes a quarter of a batch, so that one program
# tries them all.
AWAY: dict[str, Map] = {
    "drifts": lambda z: z + 1,
    "drifts ever more slowly": lambda z: z + 1 / (1 + jnp.abs(z)),
    "grows": lambda z: 1.01 * z + jnp.sign(z) + (z == 0),
    "saturates": lambda z: z - jnp.tanh(z - 3),
}


def each_away(z: Array) -> Array:
    parts = jnp.split(z, len(AWAY))
    return jnp.concatenate([f(part) for f, part in zip(AWAY.values(), parts, strict=True)])


@every_solver
@pytest.mark.parametrize(
    ("f", "z0"),
    [
        (each_away, np.tile(FAR, (len(AWAY), 1))),
        (lambda z: z + jnp.tanh(z @ WEIGHTS.T + X), np.zeros_like(X)),
    ],
    ids=["in one direction", "saturates in many"],
)
def test_running_away_is_not_converging(solver: Solver, f: Map, z0: np.ndarray) -> None:
    """A claim is false if the residual, measured in float64, is not a real step below that of the start."""
    found = jax.device_get(jit_solve(f, jnp.asarray(z0), solver))
    with jax.enable_x64(True):
        z = jnp.asarray(found.z, jnp.float64)
        f = jax.jit(f)
        left = np.linalg.norm(f(z) - z, axis=1)
        first = np.linalg.norm(f(jnp.asarray(z0, jnp.float64)) - z0, axis=1)
    assert (left[found.converged] <= 0.1 * first[found.converged]).all()
    assert (left[~found.converged] <= 1.001 * first[~found.converged] + 1e-5).all()


class Drift:
    """A splitting of f(z, x) = z + x / (1 + |z|)^(1/10): its map is f itself, which has no fixed point."""

    def cell(self, z: Array, x: Array) -> Array:
        return z + x / (1 + jnp.abs(z)) ** 0.1

    def map(self, x: Array) -> Map:
        return lambda z: self.cell(z, x)

    def start(self, z: Array) -> Array:
        return z

    def read(self, state: Array) -> Array:
        return state


def test_a_splitting_that_runs_away_is_not_converged() -> None:
    found = solve_splitting(Drift(), jnp.ones((1, 1)), jnp.zeros((1, 1)), Picard(tol=1e-3, max_nfe=3000))
    assert found.residual[0] <= 1e-3
    assert not found.converged.any()


def test_a_diverging_solve_returns_its_start_and_not_its_explosion() -> None:
    found = jit_solve(lambda z: 1.5 * z + 1, jnp.zeros((1, 1)), Picard(max_nfe=1000))
    assert not found.converged[0]
    assert abs(float(found.z[0, 0])) <= 1


@every_solver
def test_a_warm_start_costs_one_call(solver: Solver) -> None:
    found = jit_solve(jnp.cos, jnp.full((2, 1), 0.7390851), solver)
    assert found.converged.all()
    assert (found.nfe == 1).all()


def test_atol_is_for_equilibria_at_zero() -> None:
    """The relative residual of z / 2 is 1 everywhere."""
    half = lambda z: 0.5 * z  # noqa: E731
    found = jit_solve(half, jnp.ones((1, 3)), Picard(atol=1e-4))
    assert found.converged[0]
    assert float(jnp.abs(found.z).max()) < 2e-4
    assert found.nfe[0] < jit_solve(half, jnp.ones((1, 3)), Picard()).nfe[0]
    with pytest.raises(ValueError, match="atol"):
        Picard(atol=-1.0)


@pytest.mark.parametrize("tol", [1e-3, 1e-4])
def test_a_slow_contraction_far_from_its_start_is_still_found(tol: float) -> None:
    """z* = 100 is a hundred times the start's scale: the residual must have fallen by sqrt(tol), and has."""
    found = jit_solve(lambda z: 0.99 * z + 1, jnp.zeros((1, 1)), Picard(tol=tol, max_nfe=5000))
    assert found.converged[0]
    assert float(found.z[0, 0]) == pytest.approx(100, rel=100 * tol)


@typical_solvers
@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision_does_not_hide_a_drift(solver: Solver, dtype: Any) -> None:
    """In bfloat16 z + 1 is z from 256 on, in float16 from 2048 on."""
    found = solve(lambda z: z + 1, jnp.zeros((1, 1), dtype), replace(solver, max_nfe=3000))
    assert not found.converged.any()
