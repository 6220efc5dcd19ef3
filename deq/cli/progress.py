"""A training run as a bar with the time left, and a line for every epoch, on stderr."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

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


class TrainingProgress:
    """Draws events on a rich progress bar."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._row = bar.add_task("compiling", total=None)
        self._fault = ""

    def show(self, event: training.Event) -> None:
        """Move the bar, or print the line of an epoch."""
        if isinstance(event, training.Progress):
            metrics = event.health.metrics
            told = f"epoch {event.epoch}, loss {metrics.loss:.4f}, {metrics.nfe:.1f} evaluations"
            self._bar.update(self._row, total=event.steps, completed=event.step, description=told)
            self._say_fault(event)
        elif isinstance(event, training.EpochEnd):
            v = event.validation
            right = "" if math.isnan(float(v.accuracy)) else f"accuracy {100 * float(v.accuracy):.2f} %, "
            told = f"epoch {event.epoch} of {event.epochs}, validation: loss {v.loss:.4f}, {right}"
            told += f"{v.nfe:.1f} evaluations, {100 * float(v.converged):.1f} % converged, "
            told += f"spectral radius {event.spectral_radius:.2f}; {event.seconds:.0f} s"
            self._bar.console.print(told, markup=False, highlight=False, soft_wrap=True)

    def _say_fault(self, event: training.Progress) -> None:
        """A line when a fault begins and when it is over, not at every call between."""
        if event.fault != self._fault:
            told = (
                f"At update {event.step} {event.fault}."
                if event.fault
                else f"Well again at update {event.step}."
            )
            self._bar.console.print(told, style="yellow", markup=False, highlight=False, soft_wrap=True)
        self._fault = event.fault


@contextmanager
def training_progress(visible: bool) -> Iterator[TrainingProgress]:
    """The bar while a run lasts; one that is not visible prints nothing."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=stderr if visible else Console(quiet=True)) as bar:
        yield TrainingProgress(bar)
