"""The epoch with the best validation result: keeping its weights, and stopping when nothing improves on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deq.devices import from_leader
from deq.models.evaluation import Metrics
from deq.training.recipes import Recipe
from deq.training.state import Best, TrainState

STOPPED = "Training stopped after epoch {epoch}: no better validation {measure} for {epochs}. {weights}"
BEST = "The weights are those of epoch {best}, the best."
LAST = "The weights are those of the last epoch; the best was epoch {best}."


class BestEpoch:
    """Tracks the validation results of a run. An epoch with a fault, see deq.training.early_stopping, is never best."""

    def __init__(self, recipe: Recipe, has_labels: bool, best: Best | None) -> None:
        self.best = best
        self._limit, self._has_labels = recipe.early_stopping, has_labels

    def validate(self, epoch: int, state: TrainState, metrics: Metrics, fault: str) -> TrainState:
        """Record the validation metrics of an epoch that ends at `state`; returns the state with the best so far."""
        if self.best is not None:
            score = metrics.accuracy if self._has_labels else -metrics.loss
            score = np.float32(from_leader(np.float32(-np.inf if fault else score)))
            self.best = self._better(score, epoch, state)
        return self.mark(state)

    def _better(self, score: np.float32, epoch: int, state: TrainState) -> Best:
        assert self.best is not None
        if not score > self.best.score:
            return replace(self.best, stale=self.best.stale + np.int32(1))
        weights = None if self.best.weights is None else state.average
        return Best(np.asarray(score), np.asarray(epoch, np.int32), np.zeros((), np.int32), weights)

    def mark(self, state: TrainState) -> TrainState:
        """The state with the best so far, for events and checkpoints."""
        return replace(state, best=self.best)

    def chosen(self, state: TrainState) -> TrainState:
        """The state with the weights of the best epoch, if the recipe keeps them and a best epoch exists."""
        weights = self.best.weights if self.best and self.best.epoch > 0 else None
        return state if weights is None else replace(state, average=weights)

    @property
    def kept_epoch(self) -> int:
        """The epoch whose weights are kept; 0 if there is none."""
        return 0 if self.best is None or self.best.weights is None else int(self.best.epoch)

    def verdict(self, epoch: int) -> str:
        """Why the run must stop after this epoch; empty while it may continue."""
        if self.best is None or not 0 < self._limit <= int(self.best.stale):
            return ""
        best, measure = int(self.best.epoch), "accuracy" if self._has_labels else "loss"
        weights = (BEST if self.kept_epoch else LAST).format(best=best) if best else ""
        stale = int(self.best.stale)
        epochs = f"{stale} epoch{'s' * (stale > 1)}"
        return STOPPED.format(epoch=epoch, measure=measure, epochs=epochs, weights=weights).strip()
