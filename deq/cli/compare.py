"""deq compare."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from deq.cli.compare_progress import comparison_progress
from deq.cli.compare_report import as_dict, show
from deq.cli.contenders import Entry, entries
from deq.cli.evaluate import load_task
from deq.cli.picture import check_picture, write_picture
from deq.cli.report import usage_errors
from deq.cli.request import Request
from deq.cli.train import run_of, with_own_data
from deq.devices import use_cores
from deq.models.card import Card
from deq.training.comparison import Contender, Outcome


def run(common: Request, models: Sequence[str], seeds: int, picture: Path | None, as_json: bool) -> None:
    """Train every contender with every seed, print the table and draw the picture.

    common: the options that all contenders share. Invalid options are refused before the first run.
    """
    use_cores()
    with usage_errors():
        check_picture(picture)
        common = with_own_data(common)
        if common.own is None:
            load_task(common.task, common.data_dir)
        found = entries(models, common)
        if not common.resume:
            require_new(found, seeds, common.out)
    contenders = outcomes(found, seeds, common)
    show(as_dict(common.task, seeds, found, contenders), contenders, as_json)
    if picture is not None:
        with usage_errors():
            write_picture(picture, contenders)


def require_new(found: Sequence[Entry], seeds: int, out: Path | None) -> None:
    """Raise ValueError at the start, not after an hour of training, if a run's folder is taken."""
    folders = [request.out for one in found for seed in range(seeds) if (request := one.run(seed, out)).out]
    taken = [folder for folder in folders if folder.exists()]
    if taken:
        raise ValueError(
            f"{taken[0]} exists: add --resume to continue that comparison, or choose another --out."
        )


def outcomes(found: Sequence[Entry], seeds: int, common: Request) -> list[Contender]:
    """Train all contenders with one seed, then with the next, so that a slow phase of the machine affects all alike.

    Runs finished in an earlier call are read instead.
    """
    runs = [(one, seed) for seed in range(seeds) for one in found]
    done: dict[str, list[Outcome]] = {one.name: [] for one in found}
    names = [one.name for one, _ in runs]
    with comparison_progress(names, common.task, visible=not common.quiet) as progress:
        for one, seed in runs:
            progress.begin(seed)
            request = replace(one.run(seed, common.out), quiet=True)
            outcome = outcome_on(run_of(request, nullcontext(progress)).card)
            done[one.name].append(outcome)
            progress.end(outcome)
    return [Contender(name, tuple(outcomes)) for name, outcomes in done.items()]


def outcome_on(card: Card) -> Outcome:
    """The outcome on a run's card."""

    def number(value: float | None) -> float:
        return math.nan if value is None else value

    return Outcome(
        card.seed,
        number(card.validation_accuracy),
        number(card.accuracy),
        number(card.loss),
        number(card.nfe_mean),
        number(card.converged_fraction),
        number(card.spectral_radius),
        number(card.seconds),
        card.parameters,
        card.lost,
    )
