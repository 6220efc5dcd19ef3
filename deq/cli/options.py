"""The options of `deq train`, in the groups of its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deq.cli.choices import baselines, gradients, one_of, optimizers, precisions, readers, solvers

WHAT, RECIPE, RUN, DEVICES = "What", "Recipe, whose own values are the defaults", "Run", "Devices"

# What
Init = Annotated[
    str | None,
    typer.Option(
        metavar="WEIGHTS",
        rich_help_panel=WHAT,
        help="Start from these weights: a .safetensors file, a run folder or the name of a pretrained model.",
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(rich_help_panel=WHAT, help="Folder with the data set's four original .gz files."),
]
Reader = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        callback=one_of(readers),
        autocompletion=readers,
        rich_help_panel=WHAT,
        help="Own pictures: digits, cut out in MNIST style (default where all classes are digits), or plain.",
    ),
]
Label = Annotated[
    str | None,
    typer.Option(metavar="NAME", rich_help_panel=WHAT, help="A table's column of labels, default: the last."),
]

# Recipe
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="RECIPE.toml",
        rich_help_panel=RECIPE,
        help="File with settings of the recipe, and the model; `deq models mlp` prints one with all of them.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        rich_help_panel=RECIPE,
        help="Any setting, by its name in such a file: solver.tol=1e-4, augmentation.rotation=5, "
        "augmentation=false. Repeatable.",
    ),
]
Epochs = Annotated[
    int | None, typer.Option(min=1, rich_help_panel=RECIPE, help="Passes over the training set.")
]
BatchSize = Annotated[int | None, typer.Option(min=1, rich_help_panel=RECIPE, help="Examples per step.")]
LearningRate = Annotated[
    float | None,
    typer.Option("--lr", metavar="X", min=0.0, rich_help_panel=RECIPE, help="Highest learning rate."),
]
Warmup = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        min=0.0,
        max=1.0,
        rich_help_panel=RECIPE,
        help="Share of all steps in which the learning rate rises; then it falls along a cosine.",
    ),
]
WeightDecay = Annotated[
    float | None,
    typer.Option(metavar="X", min=0.0, rich_help_panel=RECIPE, help="Weight decay, decoupled as in AdamW."),
]
Optimizer = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        callback=one_of(optimizers),
        autocompletion=optimizers,
        rich_help_panel=RECIPE,
        help="adamw, lion or sgd, which has Nesterov momentum.",
    ),
]
KeepBest = Annotated[
    bool,
    typer.Option(
        "--keep-best",
        rich_help_panel=RECIPE,
        help="Keep the weights of the epoch with the best validation, not of the last.",
    ),
]
EarlyStopping = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        rich_help_panel=RECIPE,
        help="Stop when N epochs in a row brought no better validation; 0 never stops.",
    ),
]
Solver = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        callback=one_of(solvers),
        autocompletion=solvers,
        rich_help_panel=RECIPE,
        help="Forward solver. An unknown name lists them all.",
    ),
]
Gradient = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        callback=one_of(gradients),
        autocompletion=gradients,
        rich_help_panel=RECIPE,
        help="Gradient. An unknown name lists them all.",
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        callback=one_of(baselines),
        autocompletion=baselines,
        rich_help_panel=RECIPE,
        help="Train without an equilibrium: explicit applies the cell once, unrolled five times, neural-ode "
        "integrates the ODE to t = 1.",
    ),
]
Precision = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        callback=one_of(precisions),
        autocompletion=precisions,
        rich_help_panel=RECIPE,
        help="Of products in the cell: float32, or tf32 or bf16, which accelerators multiply faster.",
    ),
]

# Run
Seed = Annotated[
    int, typer.Option(min=0, rich_help_panel=RUN, help="Random seed of weights, data order and noise.")
]
Out = Annotated[
    Path | None,
    typer.Option(rich_help_panel=RUN, help="Folder for weights, card, metrics and checkpoints."),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        rich_help_panel=RUN,
        help="Continue from the last checkpoint in --out; with more --epochs, train a finished run on.",
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", rich_help_panel=RUN, help="No progress, only the result and errors.")
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        rich_help_panel=RUN,
        help="Print one JSON object on stdout, everything else on stderr.",
    ),
]

# Devices
Devices = Annotated[
    int | None,
    typer.Option(min=1, rich_help_panel=DEVICES, help="Number of devices that share a batch, default: all."),
]
Coordinator = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=DEVICES,
        help="For a run of several processes: HOST:PORT of process 0, or `auto` on a known cluster.",
    ),
]
NumProcesses = Annotated[
    int | None, typer.Option(min=1, rich_help_panel=DEVICES, help="Number of processes of the run.")
]
ProcessId = Annotated[
    int | None, typer.Option(min=0, rich_help_panel=DEVICES, help="Number of this process, from 0.")
]
