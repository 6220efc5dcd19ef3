"""Training advice: what the metrics of a run mean, in plain English."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from deq.training.early_stopping import MIN_SHARE

Columns = Mapping[str, np.ndarray]  # see deq.jobs.record: name -> (n,)

MIN_ROWS = 4  # fewer show no trend
MOST_CONVERGED = 0.98
GROWTH = 1.3  # less may be noise
NEAR_ONE = 0.9
OVERFIT = 0.05


def advise(training: Columns, validation: Columns) -> list[str]:
    """What is wrong with a run, the most serious first, or one sentence that says it is healthy.

    training, validation: columns of equal length, as a run records them; may be empty. If most solves do not
    converge, there is no advice on quantities that need an equilibrium.
    """
    if not len(training.get("step", ())):
        return []
    rules = [_convergence, _skipped]
    if not _share(training, validation) < MIN_SHARE:
        rules += [_effort, _radius, _backward, _overfitting]
    found = [advice for rule in rules if (advice := rule(training, validation))]
    return found or [_healthy(training)]


def _healthy(training: Columns) -> str:
    return (
        f"Training is healthy: lately {_percent(_recent(training['converged']))} of the solves converged, in "
        f"{_recent(training['nfe']):.1f} evaluations on average."
    )


def _convergence(training: Columns, validation: Columns) -> str:
    share = _share(training, validation)
    if not share < MOST_CONVERGED:
        return ""
    found = f"Lately as few as {_percent(share)} of the solves converged" if share else "No solve converges"
    meaning = _lost(training) if share < MIN_SHARE else "the gradients of the others are not exact"
    return f"{found}: {meaning}. Lower the learning rate or add a Jacobian penalty."


def _share(training: Columns, validation: Columns) -> float:
    """The smallest recent share of converged solves: a mean would hide that the equilibrium has just been lost."""
    lately = [_recent(training["converged"]), _last(training, "converged"), _last(validation, "converged")]
    return min((share for share in lately if math.isfinite(share)), default=math.nan)


def _lost(training: Columns) -> str:
    """That the equilibrium is lost, and since when if the training solves show when it was."""
    sound = np.flatnonzero(training["converged"] >= MIN_SHARE)
    if not len(sound) or sound[-1] + 1 == len(training["step"]):
        return "the equilibrium is lost"
    return f"the equilibrium was lost by update {training['step'][sound[-1] + 1]:,.0f}"


def _skipped(training: Columns, validation: Columns) -> str:
    share = _recent(training["skipped"])
    if not share > 0:
        return ""
    return (
        f"{_percent(share)} of the latest updates were not finite and were skipped. Lower the learning rate."
    )


def _effort(training: Columns, validation: Columns) -> str:
    """The cost of a solve now, compared with the first quarter of the run."""
    nfe = training["nfe"]
    if len(nfe) < MIN_ROWS:
        return ""
    before, now = float(np.mean(nfe[: len(nfe) // 4])), _recent(nfe)
    if not now > GROWTH * before:
        return ""
    radius = _last(validation, "spectral_radius")
    why = f", as the spectral radius is close to 1 ({radius:.2f})" if NEAR_ONE < radius < 1 else ""
    return f"Solves take longer: {now:.1f} evaluations instead of {before:.1f}{why}."


def _radius(training: Columns, validation: Columns) -> str:
    radius = _last(validation, "spectral_radius")
    if not radius >= 1:
        return ""
    return (
        f"The spectral radius is {radius:.2f}: plain iteration does not converge to these equilibria. "
        "Anderson, Broyden and Newton-Krylov may."
    )


def _backward(training: Columns, validation: Columns) -> str:
    """The backward solve; it has 0 evaluations if the gradient needs none."""
    share = _recent(training["backward_converged"])
    if not _recent(training["backward_nfe"]) > 0 or not 0 < share < MOST_CONVERGED:
        return ""
    return (
        f"The backward solve converges for only {_percent(share)} of the samples: gradients are approximate."
    )


def _overfitting(training: Columns, validation: Columns) -> str:
    gap = _recent(training["accuracy"]) - _last(validation, "accuracy")
    if not gap > OVERFIT:
        return ""
    return f"Overfitting: training accuracy is {100 * gap:.2g} points above validation."


def _recent(values: np.ndarray) -> float:
    """The mean of the last tenth, over finite values."""
    tail = values[-max(1, len(values) // 10) :]
    tail = tail[np.isfinite(tail)]
    return float(tail.mean()) if len(tail) else math.nan


def _last(columns: Columns, name: str) -> float:
    return float(columns[name][-1]) if name in columns and len(columns[name]) else math.nan


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
