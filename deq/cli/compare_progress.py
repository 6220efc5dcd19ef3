"""Progress of a comparison on stderr: the current run, the time left, and a line per finished run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from deq import training
from deq.cli.report import stderr
from deq.training.comparison import Outcome, seconds_left


class ComparisonProgress:
    """Shows the runs of a comparison, one after another, on one bar.

    names: the contender of each run, in their order.
    """

    def __init__(self, bar: Progress, names: Sequence[str]) -> None:
        self._bar, self._names = bar, list(names)
        self._seconds: dict[str, list[float]] = {name: [] for name in names}  # of the finished runs
        self._row = bar.add_task("", total=len(names), left="")
        self._done, self._title = 0, ""

    def begin(self, seed: int) -> None:
        """The next run begins."""
        self._title = f"run {self._done + 1} of {len(self._names)}: {self._names[self._done]}, seed {seed}"
        self._bar.update(self._row, description=self._title)

    def show(self, event: training.Event) -> None:
        """Update the bar from an event of the run."""
        if isinstance(event, training.Progress):
            share = event.step / event.steps
            text = f"{self._title}, epoch {event.epoch}"
            left = self._left(event.seconds, share)
            self._bar.update(self._row, completed=self._done + share, description=text, left=left)

    def end(self, outcome: Outcome) -> None:
        """The run has ended: print its line."""
        self._seconds[self._names[self._done]].append(outcome.seconds)
        self._done += 1
        left = spoken(seconds_left(self._seconds, self._names[self._done :]))
        self._bar.update(self._row, completed=self._done, left=left)
        text = f"{self._title}: {figures(outcome)}" + (f"; {left}" if left else "")
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _left(self, elapsed: float, share: float) -> str:
        """The time left, if the run keeps its pace and the others take as long as earlier ones."""
        name, whole = self._names[self._done], elapsed / share
        known = self._seconds | {name: [*self._seconds[name], whole]}
        return spoken(whole - elapsed + seconds_left(known, self._names[self._done + 1 :]))


def figures(outcome: Outcome) -> str:
    """What a run reached, and how long it took."""
    known = math.isfinite(outcome.accuracy)
    score = f"accuracy {100 * outcome.accuracy:.2f} %" if known else f"loss {outcome.loss:.3g}"
    end = ", equilibrium lost" if outcome.lost else ""
    share = 100 * outcome.converged_fraction
    return (
        f"{score}, {outcome.nfe_mean:.1f} evaluations, {share:.1f} % converged{end}; {outcome.seconds:.0f} s"
    )


def spoken(seconds: float) -> str:
    """90 -> "about 2 min left"; empty at the end or if unknown."""
    if not seconds > 0:
        return ""
    return f"about {seconds:.0f} s left" if seconds < 60 else f"about {seconds / 60:.0f} min left"


@contextmanager
def comparison_progress(names: Sequence[str], task: str, visible: bool) -> Iterator[ComparisonProgress]:
    """One bar for all runs, or only lines if stderr is not a terminal; prints nothing unless visible."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = stderr if visible else Console(quiet=True)
    console.print(
        f"Comparing {', '.join(dict.fromkeys(names))} on {task}; runs in all: {len(names)}.",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    left = TextColumn("{task.fields[left]}")
    with Progress(*columns, left, console=console, disable=not stderr.is_terminal) as bar:
        yield ComparisonProgress(bar, names)
