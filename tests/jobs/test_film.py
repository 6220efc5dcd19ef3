"""The film of a run in the plane: few frames, evenly spaced, up to the update where the equilibrium is lost."""

from dataclasses import replace

import numpy as np
import pytest

from deq.data.patterns import pattern
from deq.jobs import OWN_POINTS, Job, Plan, Status
from deq.jobs.film import CLASSES, COSTS, FAILED, MOST_FRAMES, SIDE, Film, Frame, cells_of, costs
from deq.jobs.record import history
from deq.models.architectures import Architecture
from deq.models.inference import Results
from deq.solvers import Picard
from deq.training.recipes import Recipe


def frame(step: int, failed: float = 0.0) -> Frame:
    """A frame whose solves fail in a share of the cells."""
    cells = np.zeros(SIDE**2, np.uint8)
    cells[: round(failed * SIDE**2)] = FAILED
    return Frame(step, 0.5, 0.9, 0.8, np.full(SIDE**2, 8, np.uint16), cells >= FAILED, cells)


def filmed(steps: int) -> Film:
    film = Film()
    for step in range(steps + 1):
        if film.wants(step, ends_epoch=False, ends_run=step == steps):
            film.append(frame(step))
    return film


def steps(film: Film) -> list[int]:
    return [one.step for one in film.frames]


def test_a_long_run_has_few_frames_evenly_spaced_from_its_start_to_its_end() -> None:
    for last in (0, 59, 60, 61, 720, 12_345):
        film = filmed(last)
        assert len(film.frames) <= MOST_FRAMES
        assert len(film.frames) > min(last, MOST_FRAMES / 2 - 1)
        assert (steps(film)[0], steps(film)[-1]) == (0, last)
        assert set(np.diff(steps(film)[:-1])) <= {film.interval}


def test_a_run_that_offers_few_updates_is_spaced_evenly_too() -> None:
    film = Film(10)
    for step in range(0, 2001, 20):
        if film.wants(step, ends_epoch=False, ends_run=step == 2000):
            film.append(frame(step))
    assert len(film.frames) <= 10
    assert len(set(np.diff(steps(film)[:-1]))) == 1


def test_it_ends_where_the_equilibrium_is_lost_and_goes_on_if_it_comes_back() -> None:
    film = filmed(20)
    film.append(frame(21, failed=0.6))
    assert film.is_lost
    assert not film.wants(40, ends_epoch=False, ends_run=True)
    film.append(frame(42, failed=1.0))
    assert steps(film)[-1] == 21
    film.append(frame(60, failed=0.1))
    assert steps(film)[-2:] == [21, 60]
    assert not film.is_lost


def test_solves_that_never_converged_lose_nothing() -> None:
    film = Film()
    for step in range(3):
        film.append(frame(step, failed=1.0))
    assert steps(film) == [0, 1, 2]
    assert not film.is_lost


def test_a_resumed_run_overwrites_what_it_repeats() -> None:
    film = filmed(20)
    film.append(frame(12, failed=0.2))
    assert steps(film) == list(range(13))
    assert film.frames[-1].converged == 0.8


def test_cells_hold_class_confidence_and_failure() -> None:
    share = np.array([[1, 0, 0], [0.2, 0.6, 0.2], [0, 0, 1], [np.nan] * 3], np.float32)
    n = np.zeros(4)
    cells = cells_of(Results(share, share, n, n, n, np.array([True, True, False, False])))
    assert cells.dtype == np.uint8
    assert (cells % CLASSES).tolist() == [0, 1, 2, 0]
    assert (cells // FAILED).tolist() == [0, 0, 1, 1]
    assert (cells % FAILED // CLASSES).tolist() == [15, 6, 15, 0]


def test_costs_have_one_log_scale_over_all_frames_set_by_the_solves_that_converge() -> None:
    cheap, dear = frame(0), frame(1, failed=0.5)
    dear.nfe[-2:] = 16, 32
    dear.nfe[0] = 300  # fails
    cells, low, high = costs([cheap, dear])
    assert (low, high) == (8, 32)
    assert cells.dtype == np.uint8
    assert (cells[0] == 0).all()
    assert cells[1, -2:].tolist() == [round(0.5 * (COSTS - 1)), COSTS - 1]
    assert cells[1, 0] == FAILED + COSTS - 1
    assert ((cells[1] >= FAILED) == (dear.cells >= FAILED)).all()
    assert dear.evaluations == 8


def test_costs_that_are_all_alike_or_all_fail_have_a_scale() -> None:
    for one in (frame(0), frame(0, failed=1.0)):
        cells, low, high = costs([one])
        assert (low, high) == (8, 8)
        assert (cells % FAILED == 0).all()


@pytest.mark.long
def test_a_run_that_breaks_is_filmed_to_its_death_and_its_history_tells_it() -> None:
    """Own points, whose epochs are one update each: the film validates them."""
    recipe = Recipe(solver=Picard(tol=1e-4, max_nfe=20), epochs=60, batch_size=40, learning_rate=0.5)
    recipe = replace(recipe, patience=0, steps_per_call=1)
    architecture = Architecture(2, 2, width=8, activation="linear")
    job = Job(Plan(OWN_POINTS, architecture, recipe, own=pattern("Corners")))
    job.work()
    now = job.snapshot()
    assert now.status is Status.FINISHED, now.message
    assert now.lost
    assert [one.is_sound for one in now.film] == [True] * (len(now.film) - 1) + [False]
    assert len(now.film) > 2
    assert (
        0 < now.film[0].evaluations < 20 == now.film[-1].evaluations
    )  # where a solve fails, it takes all it may
    table = history(now)
    assert np.isfinite(table["spectral_radius"]).sum() >= len(now.film) - 1
    assert table["validation_loss"].shape == table["step"].shape == table["loss"].shape
