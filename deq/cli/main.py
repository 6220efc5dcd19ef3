"""The commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deq import __version__
from deq.cli import options
from deq.cli.choices import data_sets, name_or_path, one_of, recipes, solvers, tasks
from deq.cli.compare_command import compare
from deq.cli.help import Command, Group

app = typer.Typer(
    cls=Group,
    help="Deep equilibrium models: train, evaluate and use them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout, everything else on stderr.")
]
DataDir = Annotated[Path | None, typer.Option(help="Folder with the data set's four original .gz files.")]
SolverOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        callback=one_of(solvers),
        autocompletion=solvers,
        help=f"Forward solver, default: the one it was trained with. One of {options.SOLVER_NAMES}.",
    ),
]
CodeOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="FILE.py:FUNCTION",
        help="The code of your own model: required again, because no code is read from the run's folder.",
    ),
]
Source = Annotated[
    str, typer.Argument(help="Folder written by `train --out`, or name of a pretrained model.")
]


def _print_version(asked: bool) -> None:
    if asked:
        print(f"deq {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Options before the command."""


@app.command(
    cls=Command,
    epilog="For example: deq train mnist --model conv --lr 3e-3 --set augmentation.rotation=5 --out runs/conv",
)
def train(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK",
            callback=name_or_path(tasks),
            autocompletion=tasks,
            rich_help_panel="Task",
            help="What to train on: toy, a puzzle (prefix_sums, mazes), a data set (mnist, fashion_mnist, kmnist, "
            "digits), or your own data: a folder with train/CLASS/* and test/CLASS/* (or CLASS/*), a .npz or a .csv.",
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=options.WHAT,
            help="Model, default: the task's own for the toy and puzzles, mlp for pictures in ten classes, else dense. "
            "Your own: FILE.py:FUNCTION, a function (*, rngs) that returns a deq.models.EquilibriumModel.",
        ),
    ] = None,
    init: options.Init = None,
    data_dir: options.DataDir = None,
    reader: options.Reader = None,
    label: options.Label = None,
    config: options.Config = None,
    settings: options.Settings = None,
    epochs: options.Epochs = None,
    batch_size: options.BatchSize = None,
    lr: options.LearningRate = None,
    warmup: options.Warmup = None,
    weight_decay: options.WeightDecay = None,
    optimizer: options.Optimizer = None,
    keep_best: options.KeepBest = False,
    early_stopping: options.EarlyStopping = None,
    solver: options.Solver = None,
    gradient: options.Gradient = None,
    baseline: options.Baseline = None,
    precision: options.Precision = None,
    seed: options.Seed = 0,
    out: options.Out = None,
    resume: options.Resume = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
    devices: options.Devices = None,
    coordinator: options.Coordinator = None,
    num_processes: options.NumProcesses = None,
    process_id: options.ProcessId = None,
) -> None:
    """Train a model with its recipe and any settings that you change. Nothing is saved without --out.

    Each model has a recipe. --config overrides it, and --set and the other options override both.
    """
    from deq.cli.request import Request
    from deq.cli.train import run, run_together

    request = Request(
        task=task,
        model=model,
        init=init,
        config=config,
        settings=settings,
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        warmup=warmup,
        weight_decay=weight_decay,
        optimizer=optimizer,
        keep_best=keep_best,
        early_stopping=early_stopping,
        seed=seed,
        solver=solver,
        gradient=gradient,
        baseline=baseline,
        precision=precision,
        out=out,
        resume=resume,
        quiet=quiet,
        data_dir=data_dir,
        devices=devices,
        reader=reader,
        label=label,
    )
    if coordinator is None and num_processes is None and process_id is None:
        run(request, json)
    else:
        run_together(request, json, coordinator, num_processes, process_id)


@app.command(cls=Command)
def evaluate(
    source: Source,
    model: CodeOption = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            callback=name_or_path(data_sets),
            autocompletion=data_sets,
            help="Data set or path to your own data, default: the data it was trained on.",
        ),
    ] = None,
    solver: SolverOption = None,
    tol: Annotated[
        float | None, typer.Option(min=0.0, help="Relative residual at which a solve counts as converged.")
    ] = None,
    data_dir: DataDir = None,
    size: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Number of bits, or of rooms along a side of a maze, default: as in training.",
        ),
    ] = None,
    plain_start: Annotated[
        bool,
        typer.Option("--plain-start", help="Start the solves without the model's learned start, to compare."),
    ] = False,
    json: Json = False,
) -> None:
    """Evaluate a model on a test set."""
    from deq.cli.evaluate import run

    run(source, model, dataset, solver, tol, data_dir, size, plain_start, json)


@app.command(cls=Command)
def predict(
    source: Source,
    images: Annotated[
        list[Path],
        typer.Argument(
            help="Pictures, folders or zip files of pictures, - for standard input, or a .csv of vectors."
        ),
    ],
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one line per picture or vector to FILE.")
    ] = None,
    model: CodeOption = None,
    json: Json = False,
) -> None:
    """Read the digits in pictures, or predict the class of other pictures or vectors."""
    from deq.cli.report import usage_errors

    with usage_errors():
        from deq.cli.predict import run

    run(source, model, images, csv, json)


app.command(
    cls=Command,
    epilog='For example: deq compare digits --model mlp --model "mlp gradient=phantom" --seeds 3 --epochs 10',
)(compare)


@app.command(cls=Command)
def models(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            callback=one_of(recipes),
            autocompletion=recipes,
            help="Print this model's complete recipe instead, as a file for `deq train --config`.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List the pretrained models and their cards, or all settings of one model's recipe."""
    from deq.cli.models import run, show_recipe

    if name is None:
        run(json)
    else:
        show_recipe(name, json)
