"""Invariances of every solver, on maps drawn by Hypothesis: batch order, other samples, units."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jax import Array

from deq import Solution, solve
from deq.solvers import Solver
from tests.support.problems import every_solver

pytestmark = pytest.mark.usefixtures("double_precision")

few = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
BATCH, N = 6, 4


def f(z: Array, x: Array, w: Array, slope: Array) -> Array:
    """slope * tanh(W z + x) + z^2 / 100: contracting, rotating or diverging, depending on slope: (batch,)."""
    return slope[:, None] * jnp.tanh(z @ w + x) + z * z / 100


def _precise(solver: Solver) -> Solver:
    return replace(solver, tol=1e-7, max_nfe=1000)


@jax.jit
def run(solver: Solver, z0: Array, x: Array, w: Array, slope: Array) -> Solution:
    return solve(lambda z: f(z, x, w, slope), z0, _precise(solver))


@jax.jit
def scaled(solver: Solver, z0: Array, x: Array, w: Array, slope: Array, scale: Array) -> Solution:
    return solve(lambda z: scale * f(z / scale, x, w, slope), scale * z0, _precise(solver))


def draw(seed: int, steepest: float) -> tuple[Array, Array, Array, Array]:
    """z0, x, w and slopes up to `steepest`."""
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(N, N))
    slope = rng.uniform(0, steepest, BATCH)
    z0, x = rng.normal(size=(2, BATCH, N))
    return jnp.asarray(z0), jnp.asarray(x), jnp.asarray(w / np.linalg.norm(w, 2)), jnp.asarray(slope)


seeds = st.integers(0, 2**32 - 1)
slopes = st.sampled_from([0.5, 0.9, 3.0, 30.0])


@every_solver
@few
@given(seed=seeds, order=st.permutations(range(BATCH)))
def test_order_of_the_batch_does_not_matter(solver: Solver, seed: int, order: list[int]) -> None:
    z0, x, w, slope = draw(seed, 0.9)
    rows = jnp.asarray(order)
    plain, permuted = run(solver, z0, x, w, slope), run(solver, z0[rows], x[rows], w, slope[rows])
    np.testing.assert_allclose(permuted.z, plain.z[rows], rtol=0, atol=1e-6)
    assert abs(permuted.nfe - plain.nfe[rows]).max() <= solver.calls_per_step


@every_solver
@few
@given(seed=seeds, steepest=slopes, row=st.integers(0, BATCH - 1))
def test_other_samples_do_not_matter(solver: Solver, seed: int, steepest: float, row: int) -> None:
    """A sample among others, some of which diverge, and among copies of itself."""
    z0, x, w, slope = draw(seed, steepest)
    slope = slope.at[row].set(0.5)
    copies = partial(jnp.repeat, repeats=BATCH, axis=0)
    among = run(solver, z0, x, w, slope)
    alone = run(solver, *(copies(v[row : row + 1]) for v in (z0, x)), w, copies(slope[row : row + 1]))
    assert bool(among.converged[row]) == bool(alone.converged[0])
    assert abs(int(among.nfe[row]) - int(alone.nfe[0])) <= solver.calls_per_step
    np.testing.assert_allclose(among.z[row], alone.z[0], rtol=0, atol=1e-6)


@every_solver
@few
@given(seed=seeds, power=st.integers(-8, 30))
def test_units_do_not_matter(solver: Solver, seed: int, power: int) -> None:
    """s f(z / s) has the fixed point s z*; s is a power of 2, small ones limited by the 1e-8 in the residual."""
    z0, x, w, slope = draw(seed, 0.9)
    plain = run(solver, z0, x, w, slope)
    other = scaled(solver, z0, x, w, slope, jnp.asarray(2.0**power))
    np.testing.assert_allclose(other.z / 2.0**power, plain.z, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(other.converged, plain.converged)
