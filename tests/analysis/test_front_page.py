"""The front page's arrays against known results, and the stored file against a fresh solve."""

import jax.numpy as jnp
import numpy as np
import pytest

from deq import Picard, solve
from deq.analysis.front_page import (
    GAIN,
    TURN,
    front_page,
    random_layer,
    ring,
    settle_cosine,
    settle_flow,
    settle_layer,
)
from pages.ui.home.story import FILE

DOTTIE = 0.7390851332151607


@pytest.mark.parametrize("start", [-1.0, 0.0, 0.739, 2.0])
def test_cosine_ends_at_the_dottie_number(start: float) -> None:
    solution = settle_cosine(jnp.array([start]))
    assert bool(solution.converged[0])
    assert float(solution.z[0, 0]) == pytest.approx(DOTTIE, abs=5e-6)
    orbit = solution.trace.z[0, : int(solution.nfe[0]), 0]
    np.testing.assert_allclose(orbit[1:], np.cos(orbit[:-1]), atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_random_layers_settle(seed: int) -> None:
    weights, x = random_layer(seed)
    assert np.linalg.norm(weights, 2) == pytest.approx(GAIN, abs=1e-5)
    solution = settle_layer(weights, x)
    assert bool(solution.converged[0])
    np.testing.assert_allclose(solution.z[0], np.tanh(weights @ solution.z[0] + x), atol=5e-3)


def test_the_flow_settles_where_iteration_does_not() -> None:
    starts = jnp.asarray(ring(12))
    flow = settle_flow(starts)
    assert flow.converged.all()
    assert np.ptp(np.asarray(flow.z), axis=0).max() < 0.05
    rotation = TURN * jnp.array([[0.0, -1.0], [1.0, 0.0]])
    again = solve(lambda z: jnp.tanh(z @ rotation.T + jnp.array([0.6, -0.2])), starts, Picard(max_nfe=500))
    assert not again.converged.any()


@pytest.mark.long
def test_the_stored_arrays_are_those_of_a_fresh_solve() -> None:
    """Otherwise run python -m pages.ui.home.record."""
    found = front_page()
    with np.load(FILE, allow_pickle=False) as arrays:
        kept = dict(arrays)
    assert kept.keys() == found.keys()
    for name, value in found.items():
        np.testing.assert_allclose(kept[name], value, rtol=1e-3, atol=1e-4, err_msg=name)
