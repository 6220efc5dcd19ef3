"""Early stopping: what counts as unsound, when a run stops, and which weights it returns."""

from dataclasses import replace
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from deq.data import shape
from deq.gradients import Gradient, Implicit, Phantom, ThroughODE, Unrolled
from deq.models.architectures import Architecture, construct
from deq.models.evaluation import Metrics
from deq.solvers import Picard
from deq.training import EpochEnd, Finished, Progress, fit
from deq.training.early_stopping import EarlyStopping
from deq.training.recipes import Recipe
from deq.training.step import Health

# An unbounded cell, plain iteration, and a learning rate that rises until the equilibrium is lost.
BOLD = Recipe(Picard(tol=1e-4, max_nfe=20), epochs=200, batch_size=64, learning_rate=2.0, warmup=0.5)
LINEAR = Architecture(2, 2, width=16, activation="linear")


def health(converged: float = 1.0, loss: float = 1.0, skipped: float = 0.0) -> Health:
    return Health(Metrics(loss, 0.5, 9.0, 1e-4, converged), 9.0, 1.0, 1.0, skipped)


def at(step: int) -> SimpleNamespace:
    return SimpleNamespace(step=step)


def test_patience_counts_unsound_updates_in_a_row() -> None:
    stopping, bad, found = EarlyStopping(replace(BOLD, patience=60)), health(converged=0.2), []
    for call, seen in enumerate([health(), bad, bad, health(), bad, bad, bad]):
        stopping.observe(at(20 * call), seen, 20)
        found.append(stopping.verdict(20 * call + 20))
    assert not any(found[:-1])
    assert "Training stopped at update 140: for 60 updates most solves did not converge." in found[-1]


def test_good_state_is_confirmed_by_later_steps_or_by_a_validation() -> None:
    """A call that is sound on average may end unsound; a validation tests the state itself."""
    stopping = EarlyStopping(BOLD)
    stopping.observe(at(0), health(), 20)
    stopping.observe(at(20), health(0.6), 20)
    assert stopping.good.step == 20
    stopping.validate(at(40), health(0.1).metrics)
    assert (stopping.good.step, bool(stopping.fault)) == (20, True)
    stopping.observe(at(40), health(), 20)
    stopping.validate(at(60), health().metrics)
    stopping.observe(at(60), health(), 20)
    stopping.observe(at(80), health(), 20)  # sound on average, which does not outweigh a validation
    assert (stopping.good.step, stopping.fault) == (60, "")


def test_a_run_that_was_never_sound() -> None:
    stopping = EarlyStopping(replace(BOLD, patience=10))
    stopping.observe(at(0), health(converged=0.0), 20)
    assert "from the first update, most solves did not converge" in stopping.verdict(20)
    assert stopping.good is None


def test_patience_0_never_stops() -> None:
    stopping = EarlyStopping(replace(BOLD, patience=0))
    stopping.observe(at(0), health(converged=0.0), 20)
    assert (stopping.verdict(20), stopping.fault) == ("", "")


@pytest.mark.parametrize("unsound", [health(0.4), health(loss=float("nan")), health(skipped=1.0)])
def test_what_is_unsound(unsound: Health) -> None:
    stopping = EarlyStopping(BOLD)
    stopping.observe(at(0), health(), 20)
    assert not stopping.fault
    stopping.observe(at(20), unsound, 20)
    assert stopping.fault


@pytest.mark.parametrize(
    ("gradient", "seeks"), [(Implicit(), True), (Phantom(), True), (Unrolled(), False), (ThroughODE(), False)]
)
def test_gradients_without_an_equilibrium_cannot_lose_it(gradient: Gradient, seeks: bool) -> None:
    stopping = EarlyStopping(replace(BOLD, gradient=gradient))
    stopping.observe(at(0), health(converged=0.0), 20)
    assert bool(stopping.fault) is seeks


@pytest.fixture(scope="module")
def lost() -> list:
    return list(fit(construct(LINEAR), shape("two moons"), replace(BOLD, patience=100)))


@pytest.mark.long
def test_a_lost_run_stops_early_with_its_last_good_weights(lost: list) -> None:
    finished, progress = lost[-1], [event for event in lost if isinstance(event, Progress)]
    assert isinstance(finished, Finished)
    assert "Training stopped at update" in finished.verdict
    assert progress[-1].step < progress[-1].steps
    last = [event for event in progress if not event.fault][-1]
    assert 100 <= progress[-1].step - last.step < 100 + 12
    good = [event for event in lost if isinstance(event, EpochEnd) and not event.fault][-1]
    assert f"those of update {int(good.state.step)}." in finished.verdict
    assert finished.test.converged > 0.5
    ours = jax.tree.leaves(finished.model)
    for weights, kept in zip(ours, jax.tree.leaves(good.state.parameters), strict=True):
        np.testing.assert_array_equal(weights, kept)


@pytest.mark.long
def test_a_run_resumed_from_a_sound_state_stops_alike(lost: list) -> None:
    """From the last one, after which nothing is sound."""
    sound = [event for event in lost if isinstance(event, EpochEnd) and not event.fault][-1]
    again = list(fit(construct(LINEAR), shape("two moons"), replace(BOLD, patience=100), resume=sound.state))
    assert again[-1].verdict == lost[-1].verdict


@pytest.mark.long
def test_epochs_report_the_spectral_radius(lost: list) -> None:
    """The cell is linear, so the radius is that of its matrix; above 1 there is no stable equilibrium."""
    ends = [event for event in lost if isinstance(event, EpochEnd)]
    for event in (ends[0], ends[-1]):
        matrix = event.state.parameters["cell"]["state"]["kernel"][...]
        assert event.spectral_radius == pytest.approx(np.abs(np.linalg.eigvals(matrix)).max(), rel=1e-3)
    assert ends[0].spectral_radius < 1 < ends[-1].spectral_radius
