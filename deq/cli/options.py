"""The options of `deq train`, in the groups of its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deq.cli.choices import baselines, gradients, one_of, optimizers, precisions, readers, solvers

WHAT, RECIPE, RUN, DEVICES = "Model and data", "Recipe (defaults: the recipe's own values)", "Run", "Devices"

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
        help="How to read your own pictures: digits (cut out in MNIST style, the default if all classes are digits) or "
        "plain (kept whole).",
    ),
]
Label = Annotated[
    str | None,
    typer.Option(metavar="NAME", rich_help_panel=WHAT, help="Label column of a table, default: the last."),
]

# Recipe
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="fast|RECIPE.toml",
        rich_help_panel=RECIPE,
        help="fast: a short recipe for mlp and conv, for MNIST in a few epochs. Or a file with settings of the recipe, "
        "and optionally the model; `deq models mlp` prints a complete one.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        rich_help_panel=RECIPE,
        help="Any setting of the recipe, by its name in a --config file: solver.tol=1e-4, augmentation.rotation=5, "
        "augmentation=false. Repeatable.",
    ),
]
Epochs = Annotated[
    int | None, typer.Option(min=1, rich_help_panel=RECIPE, help="Passes over the training set.")
]
BatchSize = Annotated[int | None, typer.Option(min=1, rich_help_panel=RECIPE, help="Examples per update.")]
LearningRate = Annotated[
    float | None,
    typer.Option("--lr", metavar="X", min=0.0, rich_help_panel=RECIPE, help="Peak learning rate."),
]
Warmup = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        min=0.0,
        max=1.0,
        rich_help_panel=RECIPE,
        help="Share of all updates over which the learning rate rises; it then falls along a cosine.",
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
        help="adamw, lion, muon or sgd (with Nesterov momentum).",
    ),
]
KeepBest = Annotated[
    bool,
    typer.Option(
        "--keep-best",
        rich_help_panel=RECIPE,
        help="Keep the weights of the epoch with the best validation result, not of the last epoch.",
    ),
]
EarlyStopping = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        rich_help_panel=RECIPE,
        help="Stop after N epochs in a row without a better validation result; 0: never.",
    ),
]
# Written out: help must not wait for JAX.
SOLVER_NAMES = "picard, damped-picard, anderson, broyden, newton or ode"
GRADIENT_NAMES = "implicit, phantom or unrolled"
Solver = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        callback=one_of(solvers),
        autocompletion=solvers,
        rich_help_panel=RECIPE,
        help=f"Forward solver: {SOLVER_NAMES}.",
    ),
]
Gradient = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        callback=one_of(gradients),
        autocompletion=gradients,
        rich_help_panel=RECIPE,
        help=f"How to differentiate the equilibrium: {GRADIENT_NAMES}.",
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
        help="Precision of matrix products in the cell: float32, or tf32 or bf16, which are faster on accelerators.",
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
        help="Continue from the last checkpoint in --out; with more --epochs, also a finished run.",
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
    typer.Option(
        min=1,
        rich_help_panel=DEVICES,
        help="Devices that share each batch; default: the largest number that divides it evenly (on a CPU, with 32 "
        "examples each or more); with several processes, all.",
    ),
]
Coordinator = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=DEVICES,
        help="For a run of several processes: HOST:PORT of process 0, or `auto` on a supported cluster.",
    ),
]
NumProcesses = Annotated[
    int | None, typer.Option(min=1, rich_help_panel=DEVICES, help="Number of processes of the run.")
]
ProcessId = Annotated[
    int | None, typer.Option(min=0, rich_help_panel=DEVICES, help="Index of this process, from 0.")
]
