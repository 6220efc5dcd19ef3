"""The best epoch, stopping when none is better, the optimizers, and the learning rate where epochs are added."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from deq.data import shape
from deq.models.architectures import Architecture, construct
from deq.models.evaluation import Metrics
from deq.solvers import Picard
from deq.training import EpochEnd, Finished, fit
from deq.training.best import BestEpoch
from deq.training.directions import MUON_RMS, OPTIMIZERS, muon
from deq.training.optimizer import learning_rate
from deq.training.recipes import Recipe
from deq.training.state import TrainState, first_best

RECIPE = Recipe(Picard(tol=1e-3, max_nfe=20), epochs=12, batch_size=128, learning_rate=0.1, warmup=0.0)
CHOOSY = replace(RECIPE, keep_best=True, early_stopping=3)
SMALL = Architecture(2, 2, width=8)


def run(recipe: Recipe, resume: TrainState | None = None) -> list:
    return list(fit(construct(SMALL), shape("two moons"), recipe, resume=resume))


def ends(events: list) -> list[EpochEnd]:
    return [event for event in events if isinstance(event, EpochEnd)]


def same(one: object, other: object) -> bool:
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def stopped() -> list:
    return run(CHOOSY)


def test_the_result_is_the_best_epoch(stopped: list) -> None:
    finished, epochs = stopped[-1], ends(stopped)
    assert isinstance(finished, Finished)
    scores = [float(event.validation.accuracy) for event in epochs]
    best = int(np.argmax(scores))
    assert (int(finished.best.epoch), finished.best.score) == (best + 1, np.float32(max(scores)))
    assert same(finished.model, epochs[best].state.average)
    assert len(epochs) == best + 1 + 3 < CHOOSY.epochs
    assert finished.verdict == (
        f"Training stopped after epoch {best + 4}: no better validation accuracy for 3 epochs. "
        f"The weights are those of epoch {best + 1}, the best."
    )


def test_a_resumed_run_chooses_and_stops_alike(stopped: list) -> None:
    """Also from its last state, where it has to stop at once."""
    for event in (ends(stopped)[1], ends(stopped)[-2], ends(stopped)[-1]):
        finished = run(CHOOSY, resume=event.state)[-1]
        assert finished.verdict == stopped[-1].verdict
        assert same(finished.model, stopped[-1].model)


def test_without_keep_best_the_last_weights_stay() -> None:
    events = run(replace(CHOOSY, keep_best=False))
    assert same(events[-1].model, ends(events)[-1].state.average)
    assert "The weights are those of the last epoch; the best was epoch" in events[-1].verdict
    assert ends(events)[-1].state.best.weights is None


def test_a_fault_is_never_the_best_and_without_labels_the_loss_counts() -> None:
    average = {"w": np.zeros(1)}
    best = BestEpoch(replace(RECIPE, keep_best=True), False, first_best(average, CHOOSY))
    for epoch, (loss, fault) in enumerate([(3.0, ""), (1.0, "lost"), (2.0, ""), (2.0, ""), (np.nan, "")], 1):
        state = TrainState({}, average, {}, epoch, {})
        best.validate(epoch, state, Metrics(loss, np.nan, 9.0, 1e-4, 1.0), fault)
    assert (best.kept_epoch, float(best.best.score), int(best.best.stale)) == (3, -2.0, 2)


def test_at_their_default_the_settings_leave_the_state_as_it_was() -> None:
    assert first_best(SimpleNamespace(), RECIPE) is None
    assert len(jax.tree.leaves(TrainState({}, {}, {}, np.zeros(()), {}))) == 1


@pytest.mark.long
@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_every_optimizer_lowers_the_loss(name: str) -> None:
    first, *_, last = ends(run(replace(RECIPE, optimizer=name, epochs=4, learning_rate=0.02)))
    assert last.validation.loss < first.validation.loss


def test_muon_takes_orthogonal_steps_for_kernels_and_those_of_adam_for_vectors() -> None:
    gradient = {"kernel": jax.random.normal(jax.random.key(0), (3, 3, 16, 8)), "bias": jnp.array([2.0, -3.0])}
    found, _ = (optimizer := muon()).update(gradient, optimizer.init(gradient), gradient)
    matrix = np.asarray(found["kernel"]).reshape(-1, 8)
    sizes = np.linalg.svd(matrix, compute_uv=False) / (MUON_RMS * np.sqrt(len(matrix)))
    assert sizes.max() < 1.25  # five steps of Newton-Schulz leave 0.7 to 1.2 of a random matrix
    assert sizes.min() > 0.6
    assert jnp.vdot(found["kernel"], gradient["kernel"]) > 0  # the learning rate turns it downhill
    adam = optax.scale_by_adam(nesterov=True)
    np.testing.assert_allclose(
        found["bias"], adam.update(gradient, adam.init(gradient))[0]["bias"], rtol=1e-6
    )


def test_the_learning_rate_warms_up_anew_where_epochs_are_added() -> None:
    recipe = replace(RECIPE, learning_rate=1.0, warmup=0.1)
    rates = [float(learning_rate(recipe, jnp.array([100, 150]), jnp.array(count))) for count in range(150)]
    alone = [float(learning_rate(recipe, jnp.array(50), jnp.array(count))) for count in range(50)]
    assert rates[99] < 1e-3
    assert rates[100] == pytest.approx(0.2)  # the first of 5 steps of warm-up
    assert all(a < b for a, b in pairwise(rates[100:105]))
    assert rates[100:] == alone
    assert rates[-1] < 3e-3


@pytest.mark.long
def test_added_epochs_end_as_one_run_with_the_same_restarts() -> None:
    first = ends(run(replace(RECIPE, epochs=2)))[-1].state
    longer = replace(RECIPE, epochs=4, restarts=(2,))
    assert same(run(longer, resume=first)[-1].model, run(longer)[-1].model)
