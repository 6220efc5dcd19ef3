"""Early stopping: what is wrong with a run, its last sound state, and when to stop it."""

from __future__ import annotations

import math

from deq.models.evaluation import Metrics
from deq.training.recipes import Recipe
from deq.training.state import TrainState
from deq.training.step import Health

MIN_SHARE = 0.5  # of solves converged, or of updates finite: below this a gradient means little
NEVER = (
    "Training stopped at update {now}: from the first update, {fault}. Allow more evaluations or a larger tolerance, "
    "choose another solver, or lower the learning rate."
)
LOST = (
    "Training stopped at update {now}: for {updates} {fault}. The weights are those of {kept}. To keep "
    "the equilibrium, lower the learning rate, add a Jacobian penalty, bound the weights or allow more evaluations."
)


class EarlyStopping:
    """Stops a run after as many unsound updates in a row as its recipe's patience; never if that is 0.

    good: the last state known to be sound, if any. It is the state of the last validation without a fault; before the
    first validation, the state at the start of the last sound call (at its end the equilibrium may be lost). fault:
    what is wrong now, or empty. A run resumed after an epoch without a fault ends as if it had never stopped. If a run
    is resumed within an epoch and loses its equilibrium before that epoch ends, it keeps the state from which it was
    resumed, not that of the epoch before.
    """

    def __init__(self, recipe: Recipe, good: TrainState | None = None) -> None:
        self.good, self._validated = good, good is not None
        self.fault = ""
        self._patience = recipe.patience
        self._seeks_equilibrium = recipe.gradient.seeks_equilibrium
        self._unsound = 0

    def observe(self, start: TrainState, health: Health, updates: int) -> None:
        """Record a call of `updates` updates that began at `start`."""
        self.fault = self._find_fault(health.metrics, float(health.skipped))
        self._unsound = self._unsound + updates if self.fault else 0
        if not self.fault and not self._validated:
            self.good = start

    def validate(self, state: TrainState, metrics: Metrics) -> None:
        """Record the validation metrics of `state`."""
        self.fault = self.fault or self._find_fault(metrics, 0.0)
        if not self.fault:
            self.good, self._validated = state, True

    def verdict(self, now: int, kept_epoch: int = 0) -> str:
        """Why the run must stop after update `now`; empty while it may continue.

        kept_epoch: the epoch whose weights become the result, 0 for those of the last sound state.
        """
        if not self.fault or self._unsound < self._patience:
            return ""
        if self.good is None:
            return NEVER.format(now=now, fault=self.fault)
        kept = f"epoch {kept_epoch}" if kept_epoch else f"update {int(self.good.step)}"
        updates = f"{self._unsound} update{'s' * (self._unsound > 1)}"
        return LOST.format(now=now, fault=self.fault, updates=updates, kept=kept)

    def _find_fault(self, metrics: Metrics, skipped: float) -> str:
        """skipped: share of updates that were not finite."""
        if not self._patience:
            return ""
        if not math.isfinite(float(metrics.loss)) or skipped > 1 - MIN_SHARE:
            return "most updates were not finite"
        if self._seeks_equilibrium and float(metrics.converged) < MIN_SHARE:
            return "most solves did not converge"
        return ""
