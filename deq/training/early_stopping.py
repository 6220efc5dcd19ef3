"""Keeping an eye on a run: what is wrong with it, its last sound state, and when to give it up."""

from __future__ import annotations

import math

from deq.models.evaluation import Metrics
from deq.training.recipes import Recipe
from deq.training.step import Health, TrainState

LEAST_SOUND = 0.5  # below this share of converged solves, or of finite updates, a gradient says little
NEVER = (
    "The solves have not converged from the start, so the run was ended after update {now}. Allow more "
    "evaluations, a looser tolerance, or choose another solver."
)
LOST = (
    "At update {now} {fault}, for {unsound} updates by then, so the run was ended; its weights are those of "
    "update {good}. A regulariser, bounded weights, a smaller learning rate or more evaluations may keep the "
    "equilibrium."
)


class Watch:
    """Patience with a run, in updates: that of its recipe, 0 for a run that nobody watches.

    good: the last state that is known to be sound: that of the last validation which says so, or before any
    the one from which the last sound call began, for at a call's end the equilibrium may be lost already.
    None before that. fault: what is wrong now, in words, or empty. A run must only go on from a state
    without one: then it meets its loss again, and ends as if it had never stopped.
    """

    def __init__(self, recipe: Recipe, good: TrainState | None = None) -> None:
        self.good, self._validated = good, good is not None
        self.fault = ""
        self._patience = recipe.patience
        self._solves = recipe.gradient.seeks_equilibrium
        self._unsound = 0

    def note(self, start: TrainState, health: Health, updates: int) -> None:
        """Take note of a call of so many updates that began from a state."""
        self.fault = self._fault(health.metrics, float(health.skipped))
        self._unsound = self._unsound + updates if self.fault else 0
        if not self.fault and not self._validated:
            self.good = start

    def validate(self, state: TrainState, metrics: Metrics) -> None:
        """Take note of a validation of that state."""
        self.fault = self.fault or self._fault(metrics)
        if not self.fault:
            self.good, self._validated = state, True

    def _fault(self, metrics: Metrics, skipped: float = 0.0) -> str:
        return fault_in(metrics, skipped, self._solves) if self._patience else ""

    def verdict(self, now: int) -> str:
        """Why the run is to end after update `now`, in words; empty while there is patience."""
        if not self.fault or self._unsound < self._patience:
            return ""
        if self.good is None:
            return NEVER.format(now=now)
        return LOST.format(now=now, fault=self.fault, unsound=self._unsound, good=int(self.good.step))


def fault_in(metrics: Metrics, skipped: float = 0.0, solves: bool = True) -> str:
    """What makes a call or a validation unsound, in words, or an empty string.

    skipped: share of updates that were not finite. solves: whether it looks for equilibria.
    """
    if not math.isfinite(float(metrics.loss)) or skipped > 1 - LEAST_SOUND:
        return "most updates were no longer finite"
    if solves and float(metrics.converged) < LEAST_SOUND:
        return "most solves no longer converged"
    return ""
