"""A training command, the recipe that follows from it, and the card of the trained model."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

from deq import __version__
from deq.cli.evaluate import figures
from deq.cli.own_data import Lesson
from deq.devices import cores
from deq.models import Architecture, count_parameters
from deq.models.checkpoints import Card
from deq.models.settings import named_gradient, to_dict
from deq.solvers import is_same_method, solver_by_command
from deq.training import Finished
from deq.training.recipes import BASELINES, RECIPES, Recipe, recipe_as_dict

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Request:
    """The options of a training command; None leaves the choice to the recipe."""

    task: str
    model: str | None
    epochs: int | None
    batch_size: int | None
    seed: int
    solver: str | None
    gradient: str | None
    baseline: str | None
    precision: str
    out: Path | None
    resume: bool
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
    name = request.model or ("toy" if request.task == "toy" else "mlp")
    if name not in RECIPES or (name == "toy") != (request.task == "toy"):
        fitting = [model for model in RECIPES if (model == "toy") == (request.task == "toy")]
        raise ValueError(f"Model {name!r} cannot learn {request.task}; choose from {', '.join(fitting)}.")
    return name, with_options(request, RECIPES[name])


def with_options(request: Request, recipe: Recipe) -> Recipe:
    """The recipe with the request's options applied. Raises ValueError."""
    changes: dict[str, Any] = {"precision": request.precision}
    if request.epochs is not None:
        changes["epochs"] = request.epochs
    if request.batch_size is not None:
        changes["batch_size"] = request.batch_size
    if request.solver is not None and not is_same_method(solver_by_command(request.solver), recipe.solver):
        changes["solver"] = replace(solver_by_command(request.solver), tol=recipe.solver.tol)
    if request.gradient is not None and named_gradient(request.gradient) is not type(recipe.gradient):
        changes["gradient"] = named_gradient(request.gradient)()
    if request.baseline is not None:
        if request.gradient is not None or request.solver is not None:
            raise ValueError("--baseline replaces the solver: leave out --solver and --gradient.")
        changes |= {"gradient": BASELINES[request.baseline], "jacobian": 0.0}
    return replace(recipe, **changes)


def settings(request: Request, name: str, recipe: Recipe) -> dict[str, Any]:
    """What determines a run's result, as plain data."""
    own = {} if request.own is None else request.own.settings
    return {"task": str(request.task), "model": name, "seed": request.seed} | recipe_as_dict(recipe) | own


def make_card(event: Finished, request: Request, name: str, recipe: Recipe, validation: float | None) -> Card:
    """The card of the trained model."""
    measured = figures(event.test, count_parameters(event.model), event.seconds)
    return Card(
        model=name,
        dataset=str(request.task),
        validation_accuracy=validation,
        seed=request.seed,
        epochs=recipe.epochs,
        command="python -m deq " + shlex.join(without_folders(sys.argv[1:])),
        recipe=settings(request, name, recipe),
        solver=to_dict(recipe.solver),
        gradient=to_dict(recipe.gradient),
        machine=machine(),
        versions=versions(),
        verdict=event.verdict,
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
    """The command line without paths and without --json and --resume."""
    kept, skip = [], False
    for argument in arguments:
        if not skip and argument not in ("--out", "--data-dir", "--json", "--resume"):
            kept.append(argument)
        skip = argument in ("--out", "--data-dir")
    return kept
