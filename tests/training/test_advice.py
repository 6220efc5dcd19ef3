"""Notes say what the numbers show, and nothing that they do not."""

import numpy as np
import pytest

from deq.jobs.record import TRAINING, VALIDATION
from deq.training.advice import training_notes

WELL = {"nfe": 9.0, "converged": 1.0, "accuracy": 0.95, "backward_nfe": 8.0, "backward_converged": 1.0}


def table(names: tuple[str, ...], changes: dict) -> dict[str, np.ndarray]:
    values = {"step": np.arange(20.0)} | {name: WELL.get(name, 0.0) for name in names[1:]} | changes
    return {name: np.broadcast_to(np.asarray(value, float), 20) for name, value in values.items()}


def notes(training: dict | None = None, validation: dict | None = None) -> str:
    sound = {"spectral_radius": 0.6}
    return " ".join(
        training_notes(table(TRAINING, training or {}), table(VALIDATION, sound | (validation or {})))
    )


def test_a_sound_run_is_told_so() -> None:
    assert notes() == "All is well: 100 % of the solves converge, in 9.0 evaluations on average."


def test_nothing_is_said_about_nothing() -> None:
    assert training_notes({}, {}) == []
    assert training_notes({"step": np.array([])}, {}) == []


@pytest.mark.parametrize(
    ("training", "validation", "words"),
    [
        ({"converged": 0.6}, {}, "Only 60 % of the solves converge"),
        ({"skipped": 0.25}, {}, "25 % of the latest updates were not finite"),
        ({"nfe": np.linspace(8, 24, 20)}, {"spectral_radius": 0.95}, "the spectral radius nears 1 (0.95)"),
        ({"nfe": np.linspace(8, 24, 20)}, {}, "NFE is growing, from 9.7 to 23.6 evaluations a solve."),
        ({}, {"spectral_radius": 1.4}, "plain iteration would not settle"),
        ({"backward_converged": 0.5}, {}, "gradient's own solve converges for only 50 %"),
        ({"accuracy": 0.99}, {"accuracy": 0.9}, "learns by heart"),
    ],
)
def test_each_fault_has_its_note(training: dict, validation: dict, words: str) -> None:
    told = notes(training, validation)
    assert words in told
    assert "All is well" not in told


def test_gradients_without_a_solve_have_no_backward_note() -> None:
    assert "All is well" in notes({"backward_nfe": 0.0, "backward_converged": 0.0})


def test_missing_numbers_raise_no_alarm() -> None:
    assert "All is well" in notes({"accuracy": np.nan}, {"accuracy": np.nan, "spectral_radius": np.nan})


def test_only_the_present_counts() -> None:
    """What went wrong in the beginning and is well now is not told."""
    assert "All is well" in notes({"converged": np.r_[np.full(10, 0.3), np.ones(10)]})
