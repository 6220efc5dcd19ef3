"""Progress of a training run on stderr: its first line, a bar with the time left, and a line per epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from jax.sharding import Mesh
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from deq import training
from deq.cli.report import stderr
from deq.data import Task
from deq.models import EquilibriumModel, count_parameters
from deq.training.recipes import Recipe
from deq.training.state import TrainState


class Bar(Protocol):
    """Follows the events of a run."""

    def show(self, event: training.Event) -> None: ...


Shown = AbstractContextManager[Bar]


class TrainingProgress:
    """Shows training events on a rich progress bar."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._row = bar.add_task("compiling", total=None)
        self._fault = ""

    def show(self, event: training.Event) -> None:
        """Update the bar, or print a line for an epoch."""
        if isinstance(event, training.Progress):
            metrics = event.health.metrics
            text = f"epoch {event.epoch}, loss {metrics.loss:.4f}, {metrics.nfe:.1f} evaluations"
            self._bar.update(self._row, total=event.steps, completed=event.step, description=text)
            self._report_fault(event)
        elif isinstance(event, training.EpochEnd):
            v = event.validation
            accuracy = "" if math.isnan(float(v.accuracy)) else f"accuracy {100 * float(v.accuracy):.2f} %, "
            text = f"epoch {event.epoch} of {event.epochs}, validation: loss {v.loss:.4f}, {accuracy}"
            text += f"{v.nfe:.1f} evaluations, {100 * float(v.converged):.1f} % converged, "
            text += f"spectral radius {event.spectral_radius:.2f}; {event.seconds:.0f} s"
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _report_fault(self, event: training.Progress) -> None:
        """Print a line when a fault begins or ends."""
        if event.fault != self._fault:
            text = (
                f"Update {event.step}: {event.fault}." if event.fault else f"Update {event.step}: recovered."
            )
            self._bar.console.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)
        self._fault = event.fault


@contextmanager
def training_progress(visible: bool) -> Iterator[TrainingProgress]:
    """A progress bar for one run, or only lines if stderr is not a terminal; prints nothing unless visible."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = stderr if visible else Console(quiet=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not stderr.is_terminal) as bar:
        yield TrainingProgress(bar)


def resume_line(found: TrainState | None, recipe: Recipe) -> str:
    """Where a resumed run continues, and what the learning rate does if epochs were added."""
    if found is None:
        return "No intact checkpoint: starting over."
    where = f"Resuming at update {int(found.step)}."
    if not recipe.restarts:
        return where
    return f"{where} The learning rate warms up again after epoch {recipe.restarts[-1]}."


def start_line(name: str, model: EquilibriumModel, task: Task, recipe: Recipe, mesh: Mesh) -> str:
    """What will be trained, and on which devices."""
    examples, kind = len(task.train.y), mesh.devices.flat[0].device_kind
    updates = recipe.epochs * (examples // recipe.batch_size)
    return (
        f"Training {name} ({count_parameters(model):,} parameters) on {task.name} ({examples:,} examples): "
        f"{updates:,} updates on {mesh.size} {kind} device{'s' if mesh.size > 1 else ''}."
    )
