"""The options of `deq compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deq.cli import options
from deq.cli.choices import name_or_path, tasks

Task = Annotated[
    str,
    typer.Argument(
        metavar="TASK",
        callback=name_or_path(tasks),
        autocompletion=tasks,
        help="What to train on, as in `deq train`: toy, a puzzle, a data set, or your own data.",
    ),
]
Models = Annotated[
    list[str],
    typer.Option(
        "--model",
        metavar="M",
        rich_help_panel=options.WHAT,
        help="A contender: a model, optionally with its own settings, such as "
        '"mlp gradient=phantom solver.tol=1e-2". Repeatable.',
    ),
]
Seeds = Annotated[
    int,
    typer.Option(
        min=1, metavar="N", rich_help_panel=options.WHAT, help="Runs per contender, with seeds 0 to N - 1."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        rich_help_panel=options.RUN,
        help="Keep every run in DIR/CONTENDER-seedK, a folder like that of `deq train --out`.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        rich_help_panel=options.RUN,
        help="Continue the comparison in --out: finished runs are read, not trained again.",
    ),
]
Picture = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.html",
        rich_help_panel=options.RUN,
        help="Plot test accuracy against evaluations in a file that works offline.",
    ),
]


def compare(
    task: Task,
    model: Models,
    seeds: Seeds = 3,
    data_dir: options.DataDir = None,
    reader: options.Reader = None,
    label: options.Label = None,
    settings: options.Settings = None,
    epochs: options.Epochs = None,
    out: Out = None,
    resume: Resume = False,
    picture: Picture = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Train several models or settings with several seeds; print mean and standard deviation of accuracy and cost.

    --set and --epochs apply to all contenders; a contender's own settings take precedence.
    """
    from deq.cli.compare import run
    from deq.cli.request import Request

    common = Request(
        task=task,
        model=None,
        init=None,
        config=None,
        settings=settings,
        epochs=epochs,
        batch_size=None,
        lr=None,
        warmup=None,
        weight_decay=None,
        optimizer=None,
        keep_best=False,
        early_stopping=None,
        seed=0,
        solver=None,
        gradient=None,
        baseline=None,
        precision=None,
        out=out,
        resume=resume,
        quiet=quiet,
        data_dir=data_dir,
        devices=None,
        reader=reader,
        label=label,
    )
    run(common, model, seeds, picture, json)
