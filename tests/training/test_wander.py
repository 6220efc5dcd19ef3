"""Training from any start: where solves begin, the penalty on unrest, and prefix sums of longer rows."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from deq import Picard, fit
from deq.data import Examples, Task, cross_entropy
from deq.data.puzzles import bits
from deq.gradients import Progressive
from deq.models import build
from deq.models.evaluation import evaluate
from deq.training import RECIPES, Finished
from deq.training.wander import unrest, wandered

EVALUATED = Picard(tol=1e-3, max_nfe=200)


@pytest.mark.long
def test_half_of_the_solves_begin_with_noise_and_all_as_deep() -> None:
    model = build("prefix")
    injection = model.encode(np.ones((400, 4, 1), np.uint8))
    starts = wandered(model, injection, 1, jax.random.key(0))  # fewer than one call: none
    from_noise = np.asarray(jnp.any(starts != 0, axis=(1, 2)))
    assert 0.4 < from_noise.mean() < 0.6
    assert abs(float(starts[from_noise].std()) - 1) < 0.1
    deep = wandered(model, injection, 1000, jax.random.key(0))
    np.testing.assert_allclose(
        deep, jnp.broadcast_to(deep[:1], deep.shape), atol=1e-5
    )  # all at the one equilibrium


def test_unrest_is_the_square_of_the_residual() -> None:
    model = build("prefix")
    injection = model.encode(np.ones((3, 4, 1), np.uint8))
    _, found = model.settle(injection, Picard(tol=1e-3, max_nfe=3))
    np.testing.assert_allclose(
        unrest(model, injection, found.z), jnp.mean(found.residual**2), rtol=1e-3, atol=1e-12
    )


def test_progressive_trains_a_few_steps_and_solves_when_used() -> None:
    model, x = build("prefix"), np.ones((2, 6, 1), np.uint8)
    y, loss = np.zeros((2, 6), np.int32), cross_entropy
    used = evaluate(model, Examples(x, y), loss, EVALUATED, Progressive(2))
    assert used == evaluate(model, Examples(x, y), loss, EVALUATED)
    _, stepped = model(x, EVALUATED, Progressive(2))
    by_hand = model.start(injection := model.encode(x))
    for _ in range(2):
        by_hand = model.cell(by_hand, injection)
    np.testing.assert_allclose(stepped.z, by_hand, atol=1e-6)


@pytest.mark.long
def test_bits_are_learnt_and_longer_ones_follow() -> None:
    """Trained on eight bits for seconds: forty are read as well, by more calls."""
    parts = [Examples(*bits(count, 8, seed)) for seed, count in enumerate((6_400, 100, 200))]
    recipe = replace(RECIPES["prefix"], epochs=4, batch_size=64, wander=10, learning_rate=4e-3)
    *_, last = fit(build("prefix"), Task("bits", *parts, cross_entropy), recipe)
    assert isinstance(last, Finished)
    assert (last.test.accuracy, last.test.converged) == (1, 1)
    longer = evaluate(last.model, Examples(*bits(50, 40, 7)), cross_entropy, EVALUATED)
    assert longer.accuracy > 0.95
    assert longer.nfe > 2 * last.test.nfe
