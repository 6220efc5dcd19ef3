"""A training command, the recipe that follows from it, and the card of the trained model."""

from __future__ import annotations

import hashlib
import math
import platform
import shlex
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import jax

from deq import __version__
from deq.cli.evaluate import figures
from deq.cli.overrides import with_file, with_settings
from deq.cli.own_data import Lesson
from deq.devices import cores
from deq.models import Architecture, count_parameters
from deq.models.checkpoints import Card
from deq.models.settings import to_dict
from deq.training import Finished
from deq.training.recipe_file import read_settings
from deq.training.recipes import RECIPES, Recipe, recipe_as_dict

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Request:
    """The options of a training command; None leaves the choice to the recipe."""

    task: str
    model: str | None
    init: str | None
    config: Path | None
    settings: list[str] | None
    epochs: int | None
    batch_size: int | None
    lr: float | None
    warmup: float | None
    weight_decay: float | None
    optimizer: str | None
    keep_best: bool
    early_stopping: int | None
    seed: int
    solver: str | None
    gradient: str | None
    baseline: str | None
    precision: str | None
    out: Path | None
    resume: bool
    quiet: bool
    data_dir: Path | None
    devices: int | None
    reader: str | None = None
    label: str | None = None
    own: Lesson | None = None  # the data, where the task is a path to it

    @property
    def architecture(self) -> Architecture | None:
        """Of the model that is built for own data."""
        return self.own.architecture if self.own else None


def choose_recipe(request: Request) -> tuple[str, Recipe]:
    """The model's name and its recipe with the options applied. Raises ValueError."""
    if request.own is not None:
        return request.own.name, with_options(request, request.own.recipe)
    name = named_model(request) or ("toy" if request.task == "toy" else "mlp")
    if name not in RECIPES or (name == "toy") != (request.task == "toy"):
        fitting = [model for model in RECIPES if (model == "toy") == (request.task == "toy")]
        raise ValueError(f"Model {name!r} cannot learn {request.task}; choose from {', '.join(fitting)}.")
    return name, with_options(request, RECIPES[name])


def named_model(request: Request) -> str | None:
    """The model that the command names, or else its file. Raises ValueError."""
    if request.model is not None or request.config is None:
        return request.model
    return read_settings(request.config)[0]


def with_options(request: Request, recipe: Recipe) -> Recipe:
    """The recipe with the settings of the request's file and of its options. Raises ValueError."""
    if request.config is not None:
        recipe = with_file(recipe, request.config)
    return with_settings(recipe, _named(request), request.settings or (), request.baseline)


def _named(request: Request) -> dict[str, Any]:
    """The settings of the recipe that have an option of their own."""
    return {
        "epochs": request.epochs,
        "batch_size": request.batch_size,
        "learning_rate": request.lr,
        "warmup": request.warmup,
        "weight_decay": request.weight_decay,
        "optimizer": request.optimizer,
        "keep_best": request.keep_best or None,
        "early_stopping": request.early_stopping,
        "solver": request.solver,
        "gradient": request.gradient,
        "precision": request.precision,
    }


def settings(request: Request, name: str, recipe: Recipe, init: bytes | None) -> dict[str, Any]:
    """What determines a run's result, as plain data; of the initial weights their sha256."""
    first = {"task": str(request.task), "model": name, "seed": request.seed}
    given = {"init": hashlib.sha256(init).hexdigest()} if init else {}
    own = {} if request.own is None else request.own.settings
    return first | given | recipe_as_dict(recipe) | own


def make_card(event: Finished, request: Request, run: dict[str, Any], recipe: Recipe) -> Card:
    """The card of the trained model. run: its settings."""
    measured = figures(event.test, count_parameters(event.model), event.seconds)
    accuracy, radius = float(event.validation.accuracy), event.spectral_radius
    return Card(
        model=run["model"],
        dataset=str(request.task),
        validation_accuracy=accuracy if math.isfinite(accuracy) else None,
        seed=request.seed,
        epochs=recipe.epochs,
        command="python -m deq " + shlex.join(without_folders(sys.argv[1:])),
        recipe=run,
        solver=to_dict(recipe.solver),
        gradient=to_dict(recipe.gradient),
        machine=machine(),
        versions=versions(),
        verdict=event.verdict,
        best_epoch=int(event.best.epoch) or None if event.best and recipe.keep_best else None,
        spectral_radius=radius if math.isfinite(radius) else None,
        lost=event.lost,
        **measured,
        **({} if request.own is None else request.own.described),
    )


def versions() -> dict[str, str]:
    """The versions of deq and what it leans on, and the commit where it is known."""
    found = {package: version(package) for package in ("jax", "flax", "optax", "diffrax")}
    here = commit()
    return {"deq": __version__} | found | ({"commit": here} if here else {})


def commit() -> str | None:
    """The commit of this code, with `-dirty` after changes that are not committed; None outside a git checkout."""
    describe = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        # Tracked files alone: an installed copy may lie inside the checkout of something else.
        for command in (["git", "ls-files", "--error-unmatch", "request.py"], describe):
            done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True)
        return done.stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def machine() -> str:
    """The machine that a run was timed on: devices and usable CPU cores."""
    kind = jax.devices()[0].device_kind
    return f"{jax.device_count()} {kind} device, {cores()} cores, {platform.machine()}"


def without_folders(arguments: list[str]) -> list[str]:
    """The command line without folders and without options that do not change the result."""
    kept, before = [], ""
    for argument in chain.from_iterable(map(_apart, arguments)):
        if before in ("--init", "--config"):
            kept.append(Path(argument).name)
        elif before not in _PLACES and argument not in (*_PLACES, "--json", "--resume", "--quiet"):
            kept.append(argument)
        before = argument
    return kept


def _apart(argument: str) -> list[str]:
    """`--out=runs` as `--out` and `runs`."""
    return argument.split("=", 1) if argument.startswith("--") else [argument]


_PLACES = ("--out", "--data-dir", "--picture")
