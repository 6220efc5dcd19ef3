"""Training advice says what the metrics show, and nothing more."""

import numpy as np
import pytest

from deq.jobs.record import TRAINING, VALIDATION
from deq.training.advice import advise

HEALTHY = {"nfe": 9.0, "converged": 1.0, "accuracy": 0.95, "backward_nfe": 8.0, "backward_converged": 1.0}
LOST = "the equilibrium is lost. Lower the learning rate or add a Jacobian penalty."
OVERFIT = "Overfitting: training accuracy is 9 points above validation."


def table(names: tuple[str, ...], changes: dict) -> dict[str, np.ndarray]:
    values = {"step": np.arange(20.0)} | {name: HEALTHY.get(name, 0.0) for name in names[1:]} | changes
    return {name: np.broadcast_to(np.asarray(value, float), 20) for name, value in values.items()}


def advice(training: dict | None = None, validation: dict | None = None) -> str:
    sound = {"spectral_radius": 0.6}
    return " ".join(advise(table(TRAINING, training or {}), table(VALIDATION, sound | (validation or {}))))


def test_a_healthy_run() -> None:
    expected = "Training is healthy: lately 99 % of the solves converged, in 7.1 evaluations on average."
    assert advice({"converged": 0.99, "nfe": 7.1}) == expected


def test_no_data_gives_no_advice() -> None:
    assert advise({}, {}) == []
    assert advise({"step": np.array([])}, {}) == []


@pytest.mark.parametrize(
    ("training", "validation", "words"),
    [
        (
            {"converged": 0.6},
            {},
            "Lately as few as 60 % of the solves converged: the gradients of the others are not exact.",
        ),
        ({"converged": 0.3}, {}, f"Lately as few as 30 % of the solves converged: {LOST}"),
        ({"converged": 0.0}, {}, f"No solve converges: {LOST}"),
        ({"skipped": 0.25}, {}, "25 % of the latest updates were not finite"),
        (
            {"nfe": np.linspace(8, 24, 20)},
            {"spectral_radius": 0.95},
            "the spectral radius is close to 1 (0.95)",
        ),
        ({"nfe": np.linspace(8, 24, 20)}, {}, "Solves take longer: 23.6 evaluations instead of 9.7."),
        ({}, {"spectral_radius": 1.4}, "plain iteration does not converge"),
        ({"backward_converged": 0.5}, {}, "backward solve converges for only 50 %"),
        ({"accuracy": 0.99}, {"accuracy": 0.9}, OVERFIT),
    ],
)
def test_each_fault_is_named(training: dict, validation: dict, words: str) -> None:
    found = advice(training, validation)
    assert words in found
    assert "healthy" not in found


def test_a_lost_equilibrium_comes_first_and_hides_overfitting() -> None:
    training, validation = {"skipped": 0.5, "accuracy": 0.99}, {"accuracy": 0.9, "spectral_radius": 1.4}
    found = advice(training | {"converged": 0.0}, validation)
    assert found.startswith(f"No solve converges: {LOST} 50 % of the latest updates")
    assert "Overfitting" not in found
    assert OVERFIT in advice(training | {"converged": 0.6}, validation)


@pytest.mark.parametrize(
    ("training", "validation", "words"),
    [
        ({"converged": np.r_[np.ones(19), 0.0]}, {}, "the equilibrium was lost by update 19."),
        ({}, {"converged": 0.0}, "No solve converges: the equilibrium is lost."),
    ],
)
def test_an_equilibrium_lost_just_now_comes_first(training: dict, validation: dict, words: str) -> None:
    """Also before the mean of the latest updates shows it; nothing that follows from it is named."""
    faults = {"accuracy": 0.99, "nfe": np.linspace(8, 24, 20)}
    found = advise(
        table(TRAINING, faults | training),
        table(VALIDATION, {"accuracy": 0.5, "spectral_radius": 1.4} | validation),
    )
    assert len(found) == 1
    assert words in found[0]


def test_gradients_without_a_backward_solve() -> None:
    assert "healthy" in advice({"backward_nfe": 0.0, "backward_converged": 0.0})


def test_missing_numbers_raise_no_alarm() -> None:
    assert "healthy" in advice({"accuracy": np.nan}, {"accuracy": np.nan, "spectral_radius": np.nan})


def test_only_recent_rows_count() -> None:
    assert "healthy" in advice({"converged": np.r_[np.full(10, 0.3), np.ones(10)]})
