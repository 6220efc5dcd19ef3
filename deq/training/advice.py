"""What the numbers of a training run mean, in plain words."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

Columns = Mapping[str, np.ndarray]  # see deq.jobs.record: name -> (n,)

ENOUGH = 4  # calls before anything can be said about a trend
MOST_CONVERGED = 0.98
GROWN = 1.3  # a quarter more would be noise
NEAR_ONE = 0.9
OVERFIT = 0.05


def training_notes(training: Columns, validation: Columns) -> list[str]:
    """Sentences on what is seen, the most serious first; one that says all is well where nothing is wrong.

    training, validation: columns of equal length, as a run records them; may be empty.
    """
    if not len(training.get("step", ())):
        return []
    rules = (_skipped, _converged, _effort, _radius, _backward, _overfit)
    found = [note for rule in rules if (note := rule(training, validation))]
    return found or [_well(training)]


def _well(training: Columns) -> str:
    return (
        f"All is well: {_percent(_recent(training['converged']))} of the solves converge, in "
        f"{_recent(training['nfe']):.1f} evaluations on average."
    )


def _skipped(training: Columns, validation: Columns) -> str:
    share = _recent(training["skipped"])
    if not share > 0:
        return ""
    return f"{_percent(share)} of the latest updates were not finite and were left out. A smaller learning rate helps."


def _converged(training: Columns, validation: Columns) -> str:
    share = _recent(training["converged"])
    if not share < MOST_CONVERGED:
        return ""
    return (
        f"Only {_percent(share)} of the solves converge: what the others return is no equilibrium, and their "
        "gradient is not exact. A regulariser or bounded weights keep the equilibrium."
    )


def _effort(training: Columns, validation: Columns) -> str:
    """The cost of a solve against what it was near the beginning."""
    nfe = training["nfe"]
    if len(nfe) < ENOUGH:
        return ""
    quarter = max(1, len(nfe) // 4)
    before, now = float(np.mean(nfe[:quarter])), _recent(nfe)
    if not now > GROWN * before:
        return ""
    radius = _last(validation, "spectral_radius")
    why = f": the spectral radius nears 1 ({radius:.2f})" if NEAR_ONE < radius < 1 else ""
    return f"NFE is growing, from {before:.1f} to {now:.1f} evaluations a solve{why}."


def _radius(training: Columns, validation: Columns) -> str:
    radius = _last(validation, "spectral_radius")
    if not radius >= 1:
        return ""
    return (
        f"The spectral radius is {radius:.2f}: plain iteration would not settle on these equilibria. "
        "Anderson, Broyden and Newton may."
    )


def _backward(training: Columns, validation: Columns) -> str:
    """The gradient's own solve; 0 evaluations where the gradient has none."""
    share = _recent(training["backward_converged"])
    if not _recent(training["backward_nfe"]) > 0 or not 0 < share < MOST_CONVERGED:
        return ""
    return f"The gradient's own solve converges for only {_percent(share)} of the samples: updates are approximate."


def _overfit(training: Columns, validation: Columns) -> str:
    gap = _recent(training["accuracy"]) - _last(validation, "accuracy")
    if not gap > OVERFIT:
        return ""
    return f"It does {_percent(gap)} better on what it has seen than on what it has not: it learns by heart."


def _recent(values: np.ndarray) -> float:
    """The mean of the last tenth, of finite values."""
    tail = values[-max(1, len(values) // 10) :]
    tail = tail[np.isfinite(tail)]
    return float(tail.mean()) if len(tail) else math.nan


def _last(columns: Columns, name: str) -> float:
    return float(columns[name][-1]) if name in columns and len(columns[name]) else math.nan


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
