"""The commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deq import __version__
from deq.cli.choices import (
    baselines,
    data_sets,
    gradients,
    name_or_path,
    one_of,
    precisions,
    readers,
    solvers,
    tasks,
)
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
        help="Forward solver, default: the recipe's. An unknown name lists them all.",
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
    """What stands before a command."""


@app.command(cls=Command)
def train(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK",
            callback=name_or_path(tasks),
            autocompletion=tasks,
            help="What to learn: toy, a data set (mnist, fashion_mnist, kmnist, digits), or your own data: a folder "
            "with train/CLASS/* and test/CLASS/* (or CLASS/*), a .npz or a .csv.",
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            help="Model, default: toy for the task toy, mlp for pictures in ten classes, else a dense one."
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the training set, default: the recipe's.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Examples per step, default: the recipe's.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of weights, data order and noise.")] = 0,
    solver: SolverOption = None,
    gradient: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            callback=one_of(gradients),
            autocompletion=gradients,
            help="Gradient, default: the recipe's. An unknown name lists them all.",
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            callback=one_of(baselines),
            autocompletion=baselines,
            help="Train without an equilibrium: explicit applies the cell once, unrolled five times, neural-ode "
            "integrates the ODE to t = 1.",
        ),
    ] = None,
    precision: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            callback=one_of(precisions),
            autocompletion=precisions,
            help="Of products in the cell: float32, or tf32 or bf16, which accelerators multiply faster.",
        ),
    ] = "float32",
    out: Annotated[
        Path | None, typer.Option(help="Folder for weights, card, metrics and checkpoints.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue from the last checkpoint in --out.")
    ] = False,
    data_dir: DataDir = None,
    reader: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            callback=one_of(readers),
            autocompletion=readers,
            help="Own pictures: digits, cut out in MNIST style (default where all classes are digits), or plain.",
        ),
    ] = None,
    label: Annotated[
        str | None, typer.Option(metavar="NAME", help="A table's column of labels, default: the last.")
    ] = None,
    devices: Annotated[
        int | None, typer.Option(min=1, help="Number of devices that share a batch, default: all.")
    ] = None,
    coordinator: Annotated[
        str | None,
        typer.Option(
            help="For a run of several processes: HOST:PORT of process 0, or `auto` on a known cluster."
        ),
    ] = None,
    num_processes: Annotated[int | None, typer.Option(min=1, help="Number of processes of the run.")] = None,
    process_id: Annotated[int | None, typer.Option(min=0, help="Number of this process, from 0.")] = None,
    json: Json = False,
) -> None:
    """Train a model. Nothing is saved without --out."""
    from deq.cli.request import Request
    from deq.cli.train import run, run_together

    request = Request(
        task=task,
        model=model,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        solver=solver,
        gradient=gradient,
        baseline=baseline,
        precision=precision,
        out=out,
        resume=resume,
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
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            callback=name_or_path(data_sets),
            autocompletion=data_sets,
            help="Data set or your own data, default: that in the model's card.",
        ),
    ] = None,
    solver: SolverOption = None,
    tol: Annotated[
        float | None, typer.Option(min=0.0, help="Relative residual that counts as converged.")
    ] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Evaluate a model on a test set."""
    from deq.cli.evaluate import run

    run(source, dataset, solver, tol, data_dir, json)


@app.command(cls=Command)
def predict(
    source: Source,
    images: Annotated[
        list[Path],
        typer.Argument(
            help="Pictures, folders or zip files of them, - for standard input, or a .csv of vectors."
        ),
    ],
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one line a picture to FILE.")
    ] = None,
    json: Json = False,
) -> None:
    """Read the digits in pictures, or name the class of what else a model was trained on."""
    from deq.cli.report import usage_errors

    with usage_errors():
        from deq.cli.predict import run

    run(source, images, csv, json)


@app.command(cls=Command)
def models(json: Json = False) -> None:
    """List the pretrained models and their cards."""
    from deq.cli.models import run

    run(json)
