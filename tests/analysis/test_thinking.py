"""How answers form: a cell that sees only its left neighbour knows the parity of n places after n calls."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array

from deq import Anderson, Picard
from deq.analysis.thinking import reach, think, two_starts
from deq.data.puzzles import bits
from deq.models import EquilibriumModel, build
from deq.models.model import numbers


class Listener(nnx.Module):
    """The parity by hand: z_i = z_{i-1} xor x_i, so that place i is right from call i + 1 on, if not by luck before."""

    def __call__(self, z: Array, x: Array) -> Array:
        before = jnp.pad(z, ((0, 0), (1, 0), (0, 0)))[:, :-1]
        return before + x - 2 * before * x


class Head(nnx.Module):
    """Scores of 0 and 1."""

    def __call__(self, z: Array) -> Array:
        return jnp.concatenate([0.5 - z, z - 0.5], axis=-1)


MODEL = EquilibriumModel(numbers, Listener(), Head())


@pytest.mark.parametrize("solver", [Picard(tol=1e-3, max_nfe=40), Anderson(tol=1e-3, max_nfe=80)])
def test_the_answer_spreads_until_it_settles(solver: Picard | Anderson) -> None:
    x, y = bits(3, 20, seed=0)
    thought = think(MODEL, x, solver)
    assert thought.converged.all()
    np.testing.assert_array_equal(thought.answers[:, -1], y)
    assert thought.calls[0] == 1
    assert thought.calls[-1] == thought.nfe.max()
    assert (thought.settled <= thought.nfe.max()).all()


def test_a_place_settles_when_the_news_has_come() -> None:
    """Of twelve ones the parity is 1 0 1 0 ...; the start, all 0, is right about every other place."""
    thought = think(MODEL, np.ones((1, 12, 1), np.uint8), Picard(tol=1e-3, max_nfe=40))
    assert (np.diff(thought.settled[0]) >= 0).all()
    assert thought.settled[0][0] == 2  # the first iterate is the start
    assert thought.settled[0][-2] == 12


def test_a_warm_start_goes_on_from_where_it_is() -> None:
    x, _ = bits(1, 30, seed=4)
    cold = think(MODEL, x, Picard(tol=1e-3, max_nfe=60))
    x[0, 27] ^= 1
    warm = think(MODEL, x, Picard(tol=1e-3, max_nfe=60), cold.state)
    np.testing.assert_array_equal(warm.answers[0, -1], np.cumsum(x[0, :, 0]) % 2)
    assert warm.nfe[0] < cold.nfe[0] / 2


def test_what_does_not_settle_is_said_so() -> None:
    x, _ = bits(1, 60, seed=0)
    thought = think(MODEL, x, Picard(tol=1e-3, max_nfe=20))
    assert not thought.converged.any()
    assert thought.calls[-1] <= 20


class Flipper(nnx.Module):
    """f(z, x) = 1 - z: it swings for ever."""

    def __call__(self, z: Array, x: Array) -> Array:
        return 1 - z


def test_the_last_answer_is_that_of_the_state_returned() -> None:
    """Where nothing settles that is the best state, here the second, and not the last one seen."""
    model = EquilibriumModel(numbers, Flipper(), Head())
    thought = think(model, np.ones((1, 4, 1), np.uint8), Picard(tol=1e-3, max_nfe=19))
    assert not thought.converged.any()
    np.testing.assert_array_equal(thought.answers[0, -1], thought.state[0, :, 0] > 0.5)
    assert (thought.answers[0, -3] == 0).all()  # as the last one seen


def test_reach_is_how_far_the_calls_go() -> None:
    shares = reach(MODEL, "prefix_sums", [8, 16], [4, 8, 16])
    assert shares[0, 1] == shares[0, 2] == shares[1, 2] == 1
    assert shares[1, 0] < 0.2


def test_two_starts_agree_where_there_is_one_equilibrium() -> None:
    x, _ = bits(4, 10, seed=1)
    found = two_starts(MODEL, x, Picard(tol=1e-3, max_nfe=60))
    assert found.converged.all()
    np.testing.assert_allclose(found.cosine, 1, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "shapes"), [("prefix", ((2, 7, 1), (2, 30, 1))), ("maze", ((2, 4, 4, 6), (2, 6, 9, 6)))]
)
def test_a_model_takes_puzzles_of_any_size(name: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    model = build(name)
    for shape in shapes:
        outputs, solution = jax.jit(model)(np.ones(shape, np.uint8), Picard(tol=1e-3, max_nfe=50))
        assert outputs.shape == (*shape[:-1], 2)
        assert solution.z.shape[:-1] == shape[:-1]
