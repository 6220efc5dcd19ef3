"""A training command, its recipe, and the card of the trained model."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import shlex
import sys
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from deq.cli.evaluate import figures
from deq.cli.overrides import with_file, with_settings
from deq.cli.own_data import Lesson
from deq.models import (
    PICTURE_MODELS,
    TASK_MODELS,
    Architecture,
    EquilibriumModel,
    build,
    construct,
    count_parameters,
)
from deq.models.card import Card
from deq.models.model_file import ModelFile, fresh, is_model_file, load_model_file
from deq.models.origin import machine, versions
from deq.models.settings import to_dict
from deq.models.start import has_learned_start
from deq.training import Finished
from deq.training.recipe_file import read_settings
from deq.training.recipes import CONFIGS, PLAIN, RECIPES, Recipe, recipe_as_dict, shipped_config


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
    file: ModelFile | None = None  # the code, where the model is the user's own

    @property
    def architecture(self) -> Architecture | None:
        """The architecture of the model that is built for own data."""
        return self.own.architecture if self.own else None

    def build(self, name: str) -> EquilibriumModel:
        """The model of this name with fresh weights. Raises ValueError."""
        if self.file is not None:
            return fresh(name, self.file.make, self.seed)
        return construct(self.architecture, self.seed) if self.architecture else build(name, self.seed)


def with_own_code(request: Request) -> Request:
    """The request with the code of its model loaded, if the model is the user's own. Raises ValueError."""
    if request.file is not None or request.model is None or not is_model_file(request.model):
        return request
    file = load_model_file(request.model)
    return dataclasses.replace(request, model=file.name, file=file)


def choose_recipe(request: Request) -> tuple[str, Recipe]:
    """The model's name and its recipe with the options applied. Raises ValueError."""
    if request.own is not None:
        return request.own.name, with_options(request, request.own.name, request.own.recipe)
    usual = TASK_MODELS.get(request.task, "mlp")
    if request.file is not None:
        recipe = RECIPES[usual] if request.task in TASK_MODELS else PLAIN
        return request.file.name, with_options(request, request.file.name, recipe)
    name = named_model(request) or usual
    fitting = [usual] if request.task in TASK_MODELS else PICTURE_MODELS
    if name not in fitting:
        raise ValueError(f"Model {name!r} cannot learn {request.task}; choose from {', '.join(fitting)}.")
    return name, with_options(request, name, RECIPES[name])


def named_model(request: Request) -> str | None:
    """The model named by the command, otherwise by its settings file. Raises ValueError."""
    if request.model is not None or request.config is None or str(request.config) in CONFIGS:
        return request.model
    name = read_settings(request.config)[0]
    if name is not None and is_model_file(name):
        raise ValueError(
            f"{request.config}: {name} is code, which a settings file cannot run: name it with --model."
        )
    return name


def with_options(request: Request, name: str, recipe: Recipe) -> Recipe:
    """A model's recipe with the request's --config and options. Raises ValueError."""
    if str(request.config) in CONFIGS:
        recipe = shipped_config(str(request.config), name)
    elif request.config is not None:
        recipe = with_file(recipe, request.config)
    return with_settings(recipe, _named(request), request.settings or (), request.baseline)


def _named(request: Request) -> dict[str, Any]:
    """The settings of the recipe that have their own option."""
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
    """What determines a run's result, as plain data; initial weights as their sha256."""
    first = {"task": str(request.task), "model": name, "seed": request.seed}
    code = {} if request.file is None else {"model_sha256": request.file.sha256}
    given = {"init": hashlib.sha256(init).hexdigest()} if init else {}
    own = {} if request.own is None else request.own.settings
    return first | code | given | recipe_as_dict(recipe) | own


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
        model_sha256=run.get("model_sha256"),
        best_epoch=int(event.best.epoch) or None if event.best and recipe.keep_best else None,
        spectral_radius=radius if math.isfinite(radius) else None,
        lost=event.lost,
        learned_start=has_learned_start(event.model),
        **measured,
        **({} if request.own is None else request.own.described),
    )


def without_folders(arguments: list[str]) -> list[str]:
    """The command line without folders and without options that do not change the result."""
    kept, before = [], ""
    for argument in chain.from_iterable(map(_apart, arguments)):
        if before in ("--init", "--config", "--model"):
            kept.append(Path(argument).name)
        elif before not in _PLACES and argument not in (*_PLACES, "--json", "--resume", "--quiet"):
            kept.append(argument)
        before = argument
    return kept


def _apart(argument: str) -> list[str]:
    """`--out=runs` as `--out` and `runs`."""
    return argument.split("=", 1) if argument.startswith("--") else [argument]


_PLACES = ("--out", "--data-dir", "--picture")
