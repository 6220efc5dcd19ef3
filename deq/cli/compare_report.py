"""What `deq compare` prints: a row per contender, and a conclusion."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from deq.cli.contenders import Entry
from deq.cli.report import stdout, without_nan
from deq.cli.request import choose_recipe, settings
from deq.training.comparison import FIGURES, Contender, Spread, conclusion, scored_by, winner

NOT_ITS_OWN = (
    "task",
    "seed",
)  # settings of a run that do not describe its contender: one is the same for all, the other changes with each run


def as_dict(task: str, seeds: int, found: Sequence[Entry], contenders: Sequence[Contender]) -> dict[str, Any]:
    """The comparison as plain data."""
    described = [
        {"name": one.name, "settings": settings_of(one)} | figures_of(contender)
        for one, contender in zip(found, contenders, strict=True)
    ]
    judged = {"scored_by": scored_by(contenders), "winner": winner(contenders)}
    return {"task": task, "seeds": seeds} | judged | {"contenders": described}


def settings_of(one: Entry) -> dict[str, Any]:
    """What determines a contender's runs, except the seed."""
    whole = settings(one.request, *choose_recipe(one.request), None)
    return {key: value for key, value in whole.items() if key not in NOT_ITS_OWN}


def figures_of(contender: Contender) -> dict[str, Any]:
    """Mean and standard deviation of every figure, and the runs behind them."""
    spreads = {figure: contender.spread(figure) for figure in FIGURES}
    return {
        "lost": contender.lost,
        "mean": {figure: spread.mean for figure, spread in spreads.items()},
        "std": {figure: spread.std for figure, spread in spreads.items()},
        "runs": [dataclasses.asdict(outcome) for outcome in contender.outcomes],
    }


def show(result: dict[str, Any], contenders: Sequence[Contender], as_json: bool) -> None:
    """Print the comparison as a table, or as one JSON object with null for NaN."""
    if as_json:
        print(json.dumps(without_nan(result)))
        return
    shown = LOSS | SOLVES if scored_by(contenders) == "loss" else ACCURACY | SOLVES
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("contender", min_width=10, overflow="fold")
    for title in shown:
        table.add_column(title, justify="right", no_wrap=True)
    for one in contenders:
        table.add_row(Text(one.name), *(cell(one) for cell in shown.values()))
    stdout.print(table)
    for line in conclusion(contenders):
        stdout.print(line, markup=False, highlight=False, soft_wrap=True)


def below(spread: Spread, form: str) -> str:
    """A mean with its standard deviation below it: side by side they would need a wide terminal."""
    return f"{spread:{form}}".replace(" ±", "\n±")


Columns = dict[str, Callable[[Contender], str]]
LOSS: Columns = {"test\nloss": lambda one: below(one.spread("loss"), ".3g")}
ACCURACY: Columns = {
    "test\naccuracy\n%": lambda one: below(one.spread("accuracy").percent, ".2f"),
    "validation\naccuracy\n%": lambda one: below(one.spread("validation_accuracy").percent, ".2f"),
}
SOLVES: Columns = {
    "evalu-\nations": lambda one: below(one.spread("nfe_mean"), ".1f"),
    "converged\n%": lambda one: below(one.spread("converged_fraction").percent, ".1f"),
    "spectral\nradius": lambda one: below(one.spread("spectral_radius"), ".2f"),
    "seconds": lambda one: below(one.spread("seconds"), ".1f"),
    "param-\neters": lambda one: f"{one.outcomes[0].parameters:,}",
}
