"""Runs compared: their results, mean and spread over seeds, and who is ahead."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import NamedTuple

from deq.models import count_parameters
from deq.training.early_stopping import MIN_SHARE
from deq.training.events import Finished

# The figures of an outcome that have a mean and a spread; the names are those of the card.
FIGURES = (
    "validation_accuracy",
    "accuracy",
    "loss",
    "nfe_mean",
    "converged_fraction",
    "spectral_radius",
    "seconds",
    "parameters",
)


@dataclass(frozen=True)
class Outcome:
    """The results of one run, for the model that it ended with.

    validation_accuracy, accuracy: fractions of the validation and the test set, NaN without classes. loss, nfe_mean,
    converged_fraction: on the test set. spectral_radius: the largest of df/dz for a few validation inputs. seconds: of
    the whole run. lost: see deq.training.events.Finished.
    """

    seed: int
    validation_accuracy: float
    accuracy: float
    loss: float
    nfe_mean: float
    converged_fraction: float
    spectral_radius: float
    seconds: float
    parameters: int
    lost: bool


def outcome_of(event: Finished, seed: int, seconds: float) -> Outcome:
    """The outcome of a run that has finished."""
    test = event.test
    return Outcome(
        seed,
        float(event.validation.accuracy),
        float(test.accuracy),
        float(test.loss),
        float(test.nfe),
        float(test.converged),
        event.spectral_radius,
        seconds,
        count_parameters(event.model),
        event.lost,
    )


class Spread(NamedTuple):
    """Mean and standard deviation over seeds; the deviation is NaN for one seed, both are NaN if a value is."""

    mean: float
    std: float

    @property
    def interval(self) -> tuple[float, float]:
        """One standard deviation to both sides of the mean."""
        return self.mean - self.std, self.mean + self.std

    @property
    def percent(self) -> Spread:
        """The same in percent, for a fraction."""
        return Spread(100 * self.mean, 100 * self.std)

    def __format__(self, form: str) -> str:
        """f"{spread:.2f}" is 94.44 ± 0.24, or 94.44 without a deviation, or - without a mean."""
        if math.isnan(self.mean):
            return "-"
        return f"{self.mean:{form}}" + ("" if math.isnan(self.std) else f" ± {self.std:{form}}")


def spread_of(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation of some values."""
    if not values or not all(map(math.isfinite, values)):
        return Spread(math.nan, math.nan)
    return Spread(fmean(values), stdev(values) if len(values) > 1 else math.nan)


@dataclass(frozen=True)
class Contender:
    """A model with its settings, and the outcomes of its runs so far, one per seed, in the order of the seeds."""

    name: str
    outcomes: tuple[Outcome, ...]

    def values(self, figure: str) -> list[float]:
        """One of FIGURES for each run. Seconds leave out the first of several runs, which compiles for the others."""
        outcomes = self.outcomes[1:] if figure == "seconds" and len(self.outcomes) > 1 else self.outcomes
        return [float(getattr(outcome, figure)) for outcome in outcomes]

    def spread(self, figure: str) -> Spread:
        return spread_of(self.values(figure))

    @property
    def lost(self) -> int:
        """Number of runs without an equilibrium: stopped because of it, or most solves do not converge at the end."""
        return sum(outcome.lost or outcome.converged_fraction < MIN_SHARE for outcome in self.outcomes)


def scored_by(contenders: Sequence[Contender]) -> str:
    """The score to compare by: accuracy if there are classes, else loss."""
    known = [outcome.accuracy for contender in contenders for outcome in contender.outcomes]
    return "loss" if known and all(map(math.isnan, known)) else "accuracy"


def points(contenders: Sequence[Contender]) -> dict[str, tuple[list[float], list[float], list[float]]]:
    """Evaluations, score and converged share of each contender's runs: what deq.plots.contenders draws."""
    score = scored_by(contenders)
    return {
        one.name: (one.values("nfe_mean"), one.values(score), one.values("converged_fraction"))
        for one in contenders
    }


def winner(contenders: Sequence[Contender]) -> str | None:
    """The contender with the best mean score on the test set if its interval touches no other's; else None.

    None for a single contender too, and where a contender has no spread.
    """
    score = scored_by(contenders)
    sign = -1.0 if score == "loss" else 1.0
    spreads = {one.name: one.spread(score) for one in contenders}
    if len(spreads) < 2 or any(math.isnan(spread.std) for spread in spreads.values()):
        return None
    best = max(spreads, key=lambda name: sign * spreads[name].mean)
    (low, high), others = spreads[best].interval, [spreads[name].interval for name in spreads if name != best]
    apart = (other_high < low or high < other_low for other_low, other_high in others)
    return best if all(apart) else None


def conclusion(contenders: Sequence[Contender]) -> list[str]:
    """Sentences about the contenders: who is ahead, who lost the equilibrium, what the seconds measure."""
    score, ahead = scored_by(contenders), winner(contenders)
    seeds = max((len(one.outcomes) for one in contenders), default=0)
    found = []
    if ahead is not None:
        best = "lowest test loss" if score == "loss" else "highest test accuracy"
        found.append(f"{ahead} has the {best}: its mean ± standard deviation overlaps no other's.")
    elif seeds < 2:
        found.append("One seed has no spread: use several to find out who is ahead.")
    elif any(math.isnan(one.spread(score).std) for one in contenders):
        found.append("Undecided: some contenders have fewer than two finished runs, or runs without a score.")
    elif len(contenders) > 1:
        found.append(
            f"No contender is ahead in test {score}: the best mean ± standard deviation overlaps another's."
        )
    for one in contenders:
        if one.lost:
            found.append(
                f"{one.name} ended {one.lost} of {len(one.outcomes)} runs without an equilibrium: such a run stops "
                "with the last sound weights, or ends with most solves not converging."
            )
    whole = (
        "except each contender's first, which includes compilation" if seeds > 1 else "compilation included"
    )
    return [*found, f"Seconds are those of whole runs, {whole}."]


def seconds_left(done: Mapping[str, Sequence[float]], waiting: Sequence[str]) -> float:
    """How long the waiting runs will take: each as long as its contender's last run, else as the mean of all; NaN if
    unknown.

    done: contender -> seconds of its finished runs. waiting: the contender of each run to come.
    """
    known = [seconds for runs in done.values() for seconds in runs]
    if not known:
        return 0.0 if not waiting else math.nan
    return sum(done[name][-1] if done.get(name) else fmean(known) for name in waiting)
