"""What a run records for viewers: its thinned history, its predictions on a grid, a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from deq.data import HALF_WIDTH, Task
from deq.models import EquilibriumModel
from deq.models.evaluation import Metrics
from deq.models.inference import infer
from deq.solvers import Solver
from deq.training.comparison import Outcome
from deq.training.step import Health

MAX_ROWS = 400  # rows of a history: a chart has no pixels for more

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
    """The status of a run. Paused, stopped and failed runs can be resumed."""

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
    """Rows of numbers: at MAX_ROWS it drops every other row and doubles its stride. The newest row is always kept."""

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
        if len(self._rows) >= MAX_ROWS:
            self._rows = self._rows[::2]
            self._stride *= 2

    def columns(self) -> Columns:
        """A copy as columns, the newest row last."""
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
    """A run at one moment, as immutable plain data.

    position: in the queue, from 1; 0 if not waiting. seconds: spent training. rate: updates per second, 0 if
    unknown. message: an error or a note, or empty. test: metrics on the test set, None until the run has stopped.
    outcome: of a finished run, else None.
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
    outcome: Outcome | None

    @property
    def seconds_left(self) -> float:
        """At the current rate; NaN if that is unknown."""
        return (self.steps - self.step) / self.rate if self.rate > 0 else float("nan")


LINE_POINTS = 241
PLANE_SIDE = 48
PLANE_HALF_WIDTH = 2.5


@dataclass(frozen=True)
class Look:
    """A model's predictions on a grid of inputs.

    x: (n, 1) or (n, 2) inputs. answer: (n,) outputs, or probabilities of class 1. nfe, converged: (n,).
    probabilities: (n, classes), of a task with labels.
    """

    x: np.ndarray
    answer: np.ndarray
    nfe: np.ndarray
    converged: np.ndarray
    probabilities: np.ndarray | None = None


def look_at(model: EquilibriumModel, task: Task, solver: Solver) -> Look | None:
    """Predictions over [-3, 3] or [-2.5, 2.5]^2; None if inputs are neither scalars nor points in the plane."""
    shape = task.train.x.shape[1:]
    if shape not in ((1,), (2,)):
        return None
    x = line() if shape == (1,) else plane()
    found = infer(model, x, solver, batch_size=len(x))
    if not task.has_labels:
        return Look(x, found.outputs[:, 0], found.nfe, found.converged)
    return Look(x, found.probabilities[:, 1], found.nfe, found.converged, found.probabilities)


def line() -> np.ndarray:
    """(241, 1) evenly spaced inputs on [-3, 3]."""
    return np.linspace(-HALF_WIDTH, HALF_WIDTH, LINE_POINTS, dtype=np.float32)[:, None]


def plane() -> np.ndarray:
    """(48 * 48, 2) inputs on [-2.5, 2.5]^2, row by row from the bottom."""
    side = np.linspace(-PLANE_HALF_WIDTH, PLANE_HALF_WIDTH, PLANE_SIDE, dtype=np.float32)
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
