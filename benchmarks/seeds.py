"""Compares runs that differ in the seed and ships one. python -m benchmarks.seeds RUN RUN RUN [--ship NAME]

RUN is a folder written by `python -m deq train mnist --model NAME --seed N --out RUN`. The run with the best accuracy
on the 5,000 validation images ships, whatever its test accuracy: --ship writes its weights to
deq/models/pretrained/NAME, with a card that lists all seeds and the baselines (--baselines RUN...: runs of the
same model by `deq train --baseline`).
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from benchmarks.timing import report
from deq.cli.evaluate import load_task
from deq.models.calibration import calibrate
from deq.models.card import Card
from deq.models.checkpoints import PRETRAINED, Checkpoint, load_checkpoint, save_checkpoint

REPORTED = (
    "seed",
    "validation_accuracy",
    "accuracy",
    "nfe_mean",
    "residual_mean",
    "converged_fraction",
    "seconds",
)


def row_of(card: Card) -> dict[str, Any]:
    """A card's figures for its seed."""
    return {key: getattr(card, key) for key in REPORTED}


def chosen(runs: list[Checkpoint]) -> Checkpoint:
    """The run with the best validation accuracy; on a tie the first."""
    return max(runs, key=lambda run: run.card.validation_accuracy or 0.0)


def ship(name: str, runs: list[Checkpoint], baselines: list[Checkpoint]) -> None:
    """Write the chosen run to deq/models/pretrained, calibrated, with a card that lists all runs."""
    best = chosen(runs)
    best.model.temperature = 1.0
    task = load_task(best.card.dataset, None)
    temperature, error = (
        calibrate(best.model, task, best.solver, best.gradient) if task.has_one_label else (1.0, None)
    )
    card = replace(
        best.card,
        temperature=temperature,
        calibration_error=error,
        seeds=[row_of(run.card) for run in runs],
        baselines={baseline_of(run.card): run.card.accuracy for run in baselines},
    )
    save_checkpoint(PRETRAINED / name, best.model, card)


def baseline_of(card: Card) -> str:
    """The baseline's name, from the command that trained it."""
    words = card.command.split()
    return words[words.index("--baseline") + 1]


def main() -> None:
    """Print the table; with --ship write deq/models/pretrained/NAME."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--baselines", nargs="*", type=Path, default=[])
    parser.add_argument("--ship", metavar="NAME", help="write deq/models/pretrained/NAME")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    runs = [load_checkpoint(folder) for folder in asked.runs]
    if len({run.card.model for run in runs}) > 1:
        parser.error("the runs are of different models")
    if asked.ship:
        ship(asked.ship, runs, [load_checkpoint(folder) for folder in asked.baselines])
    accuracies = [100 * run.card.accuracy for run in runs if run.card.accuracy is not None]
    spread = f"{mean(accuracies):.2f} ± {stdev(accuracies) if len(accuracies) > 1 else 0:.2f} %"
    name, seed = runs[0].card.model, chosen(runs).card.seed
    report(
        f"{name}: test accuracy {spread}; seed {seed} by validation",
        map(row_of, (r.card for r in runs)),
        asked.json,
    )


if __name__ == "__main__":
    main()
