"""Patience with a run: what counts as unsound, when it is over, and which weights are the last good ones."""

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
from deq.training.early_stopping import Watch, fault_in
from deq.training.recipes import Recipe
from deq.training.step import Health

# A cell without bounds, plain iteration, and a learning rate that rises until the equilibrium is lost.
BOLD = Recipe(Picard(tol=1e-4, max_nfe=20), epochs=200, batch_size=64, learning_rate=2.0, warmup=0.5)
LINEAR = Architecture(2, 2, width=16, activation="linear")


def health(converged: float = 1.0, loss: float = 1.0, skipped: float = 0.0) -> Health:
    return Health(Metrics(loss, 0.5, 9.0, 1e-4, converged), 9.0, 1.0, 1.0, skipped)


def at(step: int) -> SimpleNamespace:
    return SimpleNamespace(step=step)


def test_patience_counts_unsound_updates_in_a_row() -> None:
    watch, bad, told = Watch(replace(BOLD, patience=60)), health(converged=0.2), []
    for call, found in enumerate([health(), bad, bad, health(), bad, bad, bad]):
        watch.note(at(20 * call), found, 20)
        told.append(watch.verdict(20 * call + 20))
    assert not any(told[:-1])
    assert "At update 140 most solves no longer converged, for 60 updates" in told[-1]


def test_good_is_what_later_steps_or_a_validation_prove() -> None:
    """A call that is sound in the mean may end unsound; a validation judges the very state."""
    watch = Watch(BOLD)
    watch.note(at(0), health(), 20)
    watch.note(at(20), health(0.6), 20)
    assert watch.good.step == 20
    watch.validate(at(40), health(0.1).metrics)
    assert (watch.good.step, bool(watch.fault)) == (20, True)
    watch.note(at(40), health(), 20)
    watch.validate(at(60), health().metrics)
    watch.note(at(60), health(), 20)
    watch.note(at(80), health(), 20)  # sound in the mean: no proof against what a validation saw
    assert (watch.good.step, watch.fault) == (60, "")


def test_a_run_that_was_never_sound_is_told_apart() -> None:
    watch = Watch(replace(BOLD, patience=10))
    watch.note(at(0), health(converged=0.0), 20)
    assert "have not converged from the start" in watch.verdict(20)
    assert watch.good is None


def test_no_patience_means_nobody_watches() -> None:
    watch = Watch(replace(BOLD, patience=0))
    watch.note(at(0), health(converged=0.0), 20)
    assert (watch.verdict(20), watch.fault) == ("", "")


@pytest.mark.parametrize("unsound", [health(0.4), health(loss=float("nan")), health(skipped=1.0)])
def test_what_is_unsound(unsound: Health) -> None:
    assert not fault_in(health().metrics)
    assert fault_in(unsound.metrics, unsound.skipped)


@pytest.mark.parametrize(
    ("gradient", "seeks"), [(Implicit(), True), (Phantom(), True), (Unrolled(), False), (ThroughODE(), False)]
)
def test_what_seeks_no_equilibrium_cannot_lose_it(gradient: Gradient, seeks: bool) -> None:
    watch = Watch(replace(BOLD, gradient=gradient))
    watch.note(at(0), health(converged=0.0), 20)
    assert bool(watch.fault) is seeks


@pytest.fixture(scope="module")
def lost() -> list:
    return list(fit(construct(LINEAR), shape("two moons"), replace(BOLD, patience=100)))


def test_a_lost_run_ends_early_with_its_last_good_weights(lost: list) -> None:
    finished, progress = lost[-1], [event for event in lost if isinstance(event, Progress)]
    assert isinstance(finished, Finished)
    assert "so the run was ended" in finished.verdict
    assert progress[-1].step < progress[-1].steps
    last = [event for event in progress if not event.fault][-1]
    assert 100 <= progress[-1].step - last.step < 100 + 12
    good = [event for event in lost if isinstance(event, EpochEnd) and not event.fault][-1]
    assert f"those of update {int(good.state.step)}." in finished.verdict
    assert finished.test.converged > 0.5
    ours = jax.tree.leaves(finished.model)
    for weights, kept in zip(ours, jax.tree.leaves(good.state.parameters), strict=True):
        np.testing.assert_array_equal(weights, kept)


def test_a_run_resumed_from_any_sound_state_is_lost_alike(lost: list) -> None:
    """Also from the last one, after which nothing is sound."""
    sound = [event for event in lost if isinstance(event, EpochEnd) and not event.fault][-1]
    again = list(fit(construct(LINEAR), shape("two moons"), replace(BOLD, patience=100), resume=sound.state))
    assert again[-1].verdict == lost[-1].verdict


def test_epochs_tell_the_spectral_radius(lost: list) -> None:
    """The cell is linear, so that the radius is that of its matrix; without an equilibrium it is above 1."""
    ends = [event for event in lost if isinstance(event, EpochEnd)]
    for event in (ends[0], ends[-1]):
        matrix = event.state.parameters["cell"]["state"]["kernel"][...]
        assert event.spectral_radius == pytest.approx(np.abs(np.linalg.eigvals(matrix)).max(), rel=1e-3)
    assert ends[0].spectral_radius < 1 < ends[-1].spectral_radius
