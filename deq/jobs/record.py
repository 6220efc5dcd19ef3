"""What a run leaves behind for those who watch: its history, thinned, and a snapshot of the moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from deq.jobs.look import Look
from deq.models.evaluation import Metrics
from deq.training.step import Health

MOST = 400  # rows kept of a history: as many as a chart has pixels to show

TRAINING = (
    "step",
    "loss",
    "accuracy",
    "nfe",
    "residual",
    "converged",
    "backward_nfe",
    "backward_converged",
    "gradient_norm",
    "skipped",
)
VALIDATION = ("step", "loss", "accuracy", "nfe", "residual", "converged", "spectral_radius")

Columns = dict[str, np.ndarray]  # name -> (n,) float64


class Status(Enum):
    """Where a run stands. Paused, stopped, lost and failed ones keep their weights and can be resumed."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    LOST = "lost its equilibrium"
    FAILED = "failed"
    FINISHED = "finished"

    @property
    def is_live(self) -> bool:
        return self in (Status.QUEUED, Status.RUNNING)


class Table:
    """Rows of numbers; past MOST rows every other one goes, and from then on every other new one. The newest stays."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._rows: list[tuple[float, ...]] = []
        self._last: tuple[float, ...] | None = None
        self._stride, self._count = 1, 0

    def append(self, row: tuple[float, ...]) -> None:
        if self._count % self._stride == 0:
            self._rows.append(row)
        self._last = row
        self._count += 1
        if len(self._rows) >= MOST:
            self._rows = self._rows[::2]
            self._stride *= 2

    def columns(self) -> Columns:
        """A copy, column by column, the newest row last."""
        rows = list(self._rows)
        if self._last is not None and rows[-1] is not self._last:
            rows.append(self._last)
        values = np.array(rows, float).reshape(len(rows), len(self.names))
        return dict(zip(self.names, values.T, strict=True))


def training_row(step: int, health: Health) -> tuple[float, ...]:
    """A row of TRAINING."""
    m = health.metrics
    solves = (
        m.loss,
        m.accuracy,
        m.nfe,
        m.residual,
        m.converged,
        health.backward_nfe,
        health.backward_converged,
    )
    return tuple(map(float, (step, *solves, health.gradient_norm, health.skipped)))


def validation_row(step: int, m: Metrics, radius: float) -> tuple[float, ...]:
    """A row of VALIDATION."""
    return tuple(map(float, (step, m.loss, m.accuracy, m.nfe, m.residual, m.converged, radius)))


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment; plain data that nobody changes.

    position: place in the queue from 1, 0 when it is not waiting. seconds: spent training. rate: updates
    a second, 0 while unknown. message: what went wrong or was noticed, in words, or empty. test: metrics
    on the test set, None until the run has come to rest.
    """

    status: Status
    phase: str
    position: int
    step: int
    steps: int
    seconds: float
    rate: float
    training: Columns
    validation: Columns
    look: Look | None
    message: str
    test: Metrics | None

    @property
    def seconds_left(self) -> float:
        """At the present rate; NaN while that is unknown."""
        return (self.steps - self.step) / self.rate if self.rate > 0 else float("nan")
