"""The model of an interrupted run, from its last checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from deq.models import Architecture, CheckpointError, EquilibriumModel, build, construct
from deq.models.card import Card, default_card
from deq.models.checkpoints import Checkpoint
from deq.models.model_file import Make, fresh
from deq.models.start import input_of
from deq.models.weights import needs_code
from deq.training.fitting import with_start
from deq.training.loop import model_at
from deq.training.recipes import Recipe, recipe_from_dict
from deq.training.run_folder import CHECKPOINTS, RunFolder
from deq.training.state import start_state


def was_interrupted(folder: Path) -> bool:
    """Whether a folder holds checkpoints of a run."""
    return any((folder / CHECKPOINTS).glob("*/"))


def load_interrupted(folder: Path, make: Make | None = None) -> tuple[Checkpoint, int]:
    """The model at the last intact checkpoint of a run without a card, and the checkpoint's step.

    Its card holds the settings and no metrics. Nothing is written. make: builds a user's own model.

    Raises:
        CheckpointError: no checkpoint is intact, or it is from another version of deq, or make is missing or another
        model's.
    """
    for step, label in RunFolder(folder, {}).labels():
        if "model_sha256" in label and make is None:
            raise needs_code(f"The weights in {folder}", label["model"])
        if make is not None and label.get("learned_start"):  # its size follows from the data
            raise CheckpointError(f"The run in {folder} has a learned start: finish it with --resume first.")
        try:
            found = _at(folder, step, label, make)
        except (KeyError, TypeError, ValueError) as error:
            other = "model" if make else "version of deq"
            raise CheckpointError(
                f"The checkpoint of update {step} in {folder} is from another {other}."
            ) from error
        if found is not None:
            return Checkpoint(found, _card(found, label)), step
    raise CheckpointError(
        f"{folder} holds neither a finished run nor an intact checkpoint: name another folder, or train again."
    )


def _at(folder: Path, step: int, label: dict[str, Any], make: Make | None) -> EquilibriumModel | None:
    """The model at one checkpoint; None if its arrays are damaged."""
    recipe = recipe_from_dict(label)
    model = _first(label, make, recipe)
    settings = {key: value for key, value in label.items() if key not in ("layout", "sha256")}
    like = start_state(model, recipe)
    state = RunFolder(folder, settings).read(step, label, like)
    return None if state is None else model_at(model, state, recipe)


def _first(label: dict[str, Any], make: Make | None, recipe: Recipe) -> EquilibriumModel:
    """The model at the start of the run."""
    seed = label["seed"]
    if make is not None:
        return fresh(label["model"], make, seed)
    kind = Architecture(**label["architecture"]) if "architecture" in label else label["model"]
    model = construct(kind, seed) if isinstance(kind, Architecture) else build(kind, seed)
    return with_start(model, recipe, input_of(kind), seed)


def _card(model: EquilibriumModel, label: dict[str, Any]) -> Card:
    return replace(
        default_card(model, label["model"]),
        dataset=label["task"],
        seed=label["seed"],
        epochs=label["epochs"],
        recipe=label,
        solver=label["solver"],
        gradient=label["gradient"],
        machine="",
        versions={},
        model_sha256=label.get("model_sha256"),
        **label.get("data", {}),
    )
