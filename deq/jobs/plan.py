"""All that determines a run: task, architecture, recipe and seed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from deq.data import (
    CURVES,
    NAMES,
    SHAPES,
    DatasetError,
    Task,
    classify,
    curve,
    formula_curve,
    load_dataset,
    shape,
)
from deq.models.architectures import Architecture
from deq.training.recipes import Recipe, plain

OWN = "own formula"
CURVE_NAMES = (*CURVES, OWN)
PICTURE_NAMES = NAMES
TASK_NAMES = (*SHAPES, *CURVE_NAMES, *PICTURE_NAMES)


@dataclass(frozen=True)
class Plan:
    """One run. task: one of TASK_NAMES; formula: what OWN learns, empty elsewhere. seed: of data, weights and order."""

    task: str
    architecture: Architecture
    recipe: Recipe
    seed: int = 0
    formula: str = ""


def sizes(task: str) -> tuple[int, int]:
    """Numbers in one input and in one output of a task, without loading it. Raises ValueError."""
    if task in PICTURE_NAMES:
        return 784, 10
    if task in SHAPES:
        return 2, 2
    if task in CURVE_NAMES:
        return 1, 1
    raise ValueError(f"Unknown task {task!r}; choose from {', '.join(TASK_NAMES)}.")


def load_task(task: str, formula: str = "", seed: int = 0) -> tuple[Task, str]:
    """The task, and a word on what stands in for it where its data is out of reach, else an empty one.

    Raises ValueError for an unknown task, a formula that cannot be learnt or data that cannot be had.
    """
    if task in SHAPES:
        return shape(task, seed), ""
    if task in CURVES:
        return curve(task, seed), ""
    if task == OWN:
        return formula_curve(formula, seed), ""
    try:
        return classify(load_dataset(task)), ""
    except DatasetError:
        if task != "mnist":
            raise
        told = "MNIST is not on this machine and cannot be fetched: scikit-learn's digits stand in for it."
        return classify(load_dataset("digits")), told


def as_dict(plan: Plan) -> dict[str, Any]:
    """The plan as nested plain data, for a file."""
    head = {"task": plan.task, "formula": plan.formula, "seed": plan.seed}
    return head | {"architecture": dataclasses.asdict(plan.architecture), "recipe": plain(plan.recipe)}


def flat_settings(plan: Plan) -> dict[str, str]:
    """Every setting by a name of its own, as text, to see which of them differ between runs."""
    return dict(_flatten("", as_dict(plan)))


def _flatten(prefix: str, value: Any) -> list[tuple[str, str]]:
    if not isinstance(value, dict):
        return [(prefix, str(value))]
    parts = [_flatten(f"{prefix} {key}".strip(), inner) for key, inner in value.items()]
    return [item for part in parts for item in part]
