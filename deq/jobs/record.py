"""What a run records for viewers: its thinned history, its predictions on a grid, a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from deq.data import HALF_WIDTH, Task
from deq.jobs.film import Moment
from deq.models import EquilibriumModel
from deq.models.evaluation import Metrics
from deq.models.inference import infer
from deq.training.comparison import Outcome
from deq.training.recipes import Recipe
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
    unknown. film: of a run on points in the plane, see deq.jobs.film, or on pictures, see deq.jobs.states; lost:
    whether it ends where the equilibrium is lost. look: of a run on a curve. message: an error or a note, or empty.
    test: metrics on the test set, None until the run has stopped. outcome: of a finished run, else None.
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
    film: tuple[Moment, ...]
    lost: bool
    look: Look | None
    message: str
    test: Metrics | None
    outcome: Outcome | None

    @property
    def seconds_left(self) -> float:
        """At the current rate; NaN if that is unknown."""
        return (self.steps - self.step) / self.rate if self.rate > 0 else float("nan")


LINE_POINTS = 241


@dataclass(frozen=True)
class Look:
    """A model's predictions on a line of inputs. x, answer, converged: (n,)."""

    x: np.ndarray
    answer: np.ndarray
    converged: np.ndarray


def look_at(model: EquilibriumModel, task: Task, recipe: Recipe) -> Look | None:
    """Predictions at 241 inputs, evenly spaced on [-3, 3]; None if inputs are not scalars."""
    if task.train.x.shape[1:] != (1,):
        return None
    x = np.linspace(-HALF_WIDTH, HALF_WIDTH, LINE_POINTS, dtype=np.float32)
    found = infer(model, x[:, None], recipe.solver, recipe.gradient, batch_size=len(x))
    return Look(x, found.outputs[:, 0], found.converged)


def history(now: Snapshot) -> Columns:
    """Training and validation in one table, a row per update; NaN where one of them has no row."""
    training, validation = now.training, now.validation
    step = np.union1d(training["step"], validation["step"])

    def spread(table: Columns, name: str) -> np.ndarray:
        column = np.full(len(step), np.nan)
        column[np.searchsorted(step, table["step"])] = table[name]
        return column

    seen = {name: spread(training, name) for name in TRAINING[1:]}
    held = {name: spread(validation, name) for name in VALIDATION[1:]}
    radius = {"spectral_radius": held.pop("spectral_radius")}
    return {"step": step} | seen | {f"validation_{name}": column for name, column in held.items()} | radius
