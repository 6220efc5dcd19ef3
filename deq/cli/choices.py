"""Options with a list of names, looked up on demand because some of the modules import JAX."""

from __future__ import annotations

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
    from deq.training.optimizer import OPTIMIZERS

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


def tasks() -> list[str]:
    return ["toy", *data_sets()]
