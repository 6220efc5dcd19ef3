"""The model of a run that was interrupted, from its last checkpoint."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from deq.models import Architecture, CheckpointError, EquilibriumModel, build, construct, count_parameters
from deq.models.checkpoints import Card, Checkpoint
from deq.training.loop import model_at
from deq.training.recipes import recipe_from_dict
from deq.training.run_folder import CHECKPOINTS, RunFolder
from deq.training.step import start_state


def was_interrupted(folder: Path) -> bool:
    """Whether a folder holds checkpoints of a run."""
    return any((folder / CHECKPOINTS).glob("*/"))


def load_interrupted(folder: Path) -> tuple[Checkpoint, int]:
    """The model at the last intact checkpoint of a run without a card, and the checkpoint's step.

    Its card holds the settings, and NaN where a finished run's has test metrics. Nothing is written.

    Raises:
        CheckpointError: no checkpoint is intact, or it is of another version of deq.
    """
    for step, label in RunFolder(folder, {}).labels():
        try:
            found = _at(folder, step, label)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"The checkpoint of step {step} in {folder} is of another version of deq."
            ) from error
        if found is not None:
            return Checkpoint(found, _card(found, label)), step
    raise CheckpointError(f"{folder} holds neither a finished run nor an intact checkpoint.")


def _at(folder: Path, step: int, label: dict[str, Any]) -> EquilibriumModel | None:
    """The model at one checkpoint; None if its arrays are damaged."""
    model, recipe = _fresh(label), recipe_from_dict(label)
    settings = {key: value for key, value in label.items() if key not in ("layout", "sha256")}
    like = start_state(model, recipe)
    state = RunFolder(folder, settings).read(step, label, like)
    return None if state is None else model_at(model, state, recipe)


def _fresh(label: dict[str, Any]) -> EquilibriumModel:
    """The model that the run began with."""
    if "architecture" in label:
        return construct(Architecture(**label["architecture"]), label["seed"])
    return build(label["model"], label["seed"])


def _card(model: EquilibriumModel, label: dict[str, Any]) -> Card:
    return Card(
        model=label["model"],
        dataset=label["task"],
        parameters=count_parameters(model),
        accuracy=None,
        loss=math.nan,
        nfe_mean=math.nan,
        residual_mean=math.nan,
        converged_fraction=math.nan,
        validation_accuracy=None,
        seconds=math.nan,
        seed=label["seed"],
        epochs=label["epochs"],
        command="",
        recipe=label,
        solver=label["solver"],
        gradient=label["gradient"],
        machine="",
        versions={},
        **label.get("data", {}),
    )
