"""Options with a list of names, looked up on demand because some of the modules import JAX."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

import typer


def one_of(names: Callable[[], Iterable[str]]) -> Callable[[str | None], str | None]:
    """A callback that accepts one of the names, and lists them in its error."""

    def check(value: str | None) -> str | None:
        if value is not None and value not in (known := list(names())):
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(known)}.")
        return value

    return check


def solvers() -> list[str]:
    from deq.solvers import SOLVERS

    return [entry.command for entry in SOLVERS.values()]


def gradients() -> list[str]:
    from deq.gradients import GRADIENTS

    return list(GRADIENTS)


def precisions() -> list[str]:
    from deq.solvers.precision import FLOORS

    return list(FLOORS)


def optimizers() -> list[str]:
    from deq.training.directions import OPTIMIZERS

    return list(OPTIMIZERS)


def baselines() -> list[str]:
    from deq.training import BASELINES

    return list(BASELINES)


def recipes() -> list[str]:
    from deq.training import RECIPES

    return list(RECIPES)


def data_sets() -> list[str]:
    from deq.data import NAMES

    return list(NAMES)


def readers() -> list[str]:
    from deq.data import READERS

    return list(READERS)


def tasks() -> list[str]:
    from deq.data import PUZZLES

    return ["toy", *PUZZLES, *data_sets()]


def is_own(task: str) -> bool:
    """Whether a task is a path to the user's own data, not a name."""
    return task not in tasks()


def name_or_path(names: Callable[[], Iterable[str]]) -> Callable[[str | None], str | None]:
    """A callback that accepts one of the names, or a possible path to own data."""

    def check(value: str | None) -> str | None:
        if value is None or value in (known := list(names())) or os.path.exists(value) or "/" in value:
            return value
        if value.endswith((".npz", ".csv")):
            return value  # a missing file is reported when it is read
        raise typer.BadParameter(
            f"{value!r} is neither one of {', '.join(known)} nor a folder of pictures, a .npz or a .csv."
        )

    return check
