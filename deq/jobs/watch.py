"""Keeping an eye on a run: its last good state, and when its equilibrium is lost."""

from __future__ import annotations

import math

from deq.steps import Health, TrainState

PATIENCE = 20  # compiled calls in a row without an equilibrium before a run is given up
LEAST_CONVERGED = 0.5  # below this share of converged solves a gradient says little


class Watch:
    """good: the state after the last sound call, None before the first."""

    def __init__(self, patience: int = PATIENCE) -> None:
        self.good: TrainState | None = None
        self.patience = patience
        self._bad = 0

    def is_lost(self, state: TrainState, health: Health) -> bool:
        """Take note of a call; True once `patience` of them in a row were unsound."""
        if is_sound(health):
            self.good, self._bad = state, 0
        else:
            self._bad += 1
        return self._bad >= self.patience


def is_sound(health: Health) -> bool:
    """Most solves converged, most updates were finite, and so is the loss."""
    finite = math.isfinite(float(health.metrics.loss)) and float(health.skipped) < LEAST_CONVERGED
    return finite and float(health.metrics.converged) >= LEAST_CONVERGED
