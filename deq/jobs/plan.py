"""What determines a run: task, architecture, recipe and seed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from deq.data import (
    CURVES,
    NAMES,
    PUZZLES,
    SHAPES,
    DatasetError,
    Form,
    OwnData,
    Points,
    Task,
    classify,
    curve,
    formula_curve,
    load_dataset,
    puzzle,
    shape,
)
from deq.models import EquilibriumModel
from deq.models.architectures import Architecture, construct
from deq.models.zoo import build
from deq.training.recipes import Recipe, recipe_as_dict

OWN, OWN_POINTS, OWN_PICTURES = "own formula", "own points", "own pictures"
CURVE_NAMES = (*CURVES, OWN)
PICTURE_NAMES = NAMES
TASK_NAMES = (*SHAPES, OWN_POINTS, *CURVE_NAMES, *PICTURE_NAMES, OWN_PICTURES)


@dataclass(frozen=True)
class Plan:
    """One run. task: of TASK_NAMES or PUZZLES. formula: for the task OWN, else empty. seed: of data, weights and order.

    architecture: of a model to construct, or the name of one in MODELS.
    own: the data of the tasks OWN_POINTS and OWN_PICTURES, None if there is none yet.
    """

    task: str
    architecture: Architecture | str
    recipe: Recipe
    seed: int = 0
    formula: str = ""
    own: Points | OwnData | None = None

    @property
    def form(self) -> Form:
        """The names of own classes, and how own pictures are read."""
        return Form() if self.own is None else self.own.form

    def new_model(self) -> EquilibriumModel:
        """The model with fresh weights."""
        if isinstance(self.architecture, str):
            return build(self.architecture, self.seed)
        return construct(self.architecture, self.seed)

    @property
    def described(self) -> Architecture | None:
        """What weights must store to define their model: nothing for one in MODELS."""
        return None if isinstance(self.architecture, str) else self.architecture


def sizes(task: str, own: Points | OwnData | None = None) -> tuple[int, int]:
    """The numbers per input and per output of a task, without loading its data. Raises ValueError if it is unknown."""
    if own is not None:
        return sizes(task)[0], len(own.form.classes)
    if task in (*PICTURE_NAMES, OWN_PICTURES):
        return 784, 10
    if task in (*SHAPES, OWN_POINTS):
        return 2, 2
    if task in CURVE_NAMES:
        return 1, 1
    raise ValueError(f"Unknown task {task!r}; choose from {', '.join(TASK_NAMES)}.")


def task_of(plan: Plan) -> tuple[Task, str]:
    """The task of a run, and the note of `load_task` or "". Raises ValueError as that does."""
    if plan.own is not None:
        return plan.own.task, ""
    return load_task(plan.task, plan.formula, plan.seed)


def load_task(task: str, formula: str = "", seed: int = 0) -> tuple[Task, str]:
    """The task, and a note if scikit-learn's digits replace MNIST because it is not available, else "".

    Raises ValueError for an unknown task, a formula that cannot be learned or data that is not available.
    """
    if task in SHAPES:
        return shape(task, seed), ""
    if task in PUZZLES:
        return puzzle(task), ""
    if task in CURVES:
        return curve(task, seed), ""
    if task == OWN:
        return formula_curve(formula, seed), ""
    if task in (OWN_POINTS, OWN_PICTURES):
        raise ValueError(f"There are no {task.removeprefix('own ')} to train on yet: add some.")
    try:
        return classify(load_dataset(task)), ""
    except DatasetError:
        if task != "mnist":
            raise
        note = "MNIST is not on this machine and cannot be downloaded: scikit-learn's digits replace it."
        return classify(load_dataset("digits")), note


def as_dict(plan: Plan) -> dict[str, Any]:
    """The plan as nested plain data."""
    head = {"task": plan.task, "formula": plan.formula, "seed": plan.seed} | _own(plan.own)
    built = plan.described
    return head | {
        "architecture": plan.architecture if built is None else dataclasses.asdict(built),
        "recipe": recipe_as_dict(plan.recipe),
    }


def _own(data: Points | OwnData | None) -> dict[str, Any]:
    """The part of own data in settings: all points; for pictures, their classes and a checksum."""
    if data is None:
        return {}
    return {"points": data.code} if isinstance(data, Points) else {"data": data.described}


def flat_settings(plan: Plan) -> dict[str, str]:
    """Every setting as text under a unique name, to find those that differ between runs."""
    return dict(_flatten("", as_dict(plan)))


def _flatten(prefix: str, value: Any) -> list[tuple[str, str]]:
    if not isinstance(value, dict):
        return [(prefix, str(value))]
    parts = [_flatten(f"{prefix} {key}".strip(), inner) for key, inner in value.items()]
    return [item for part in parts for item in part]
