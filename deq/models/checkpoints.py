"""Trained models on disk: weights as safetensors, which cannot run code, and a JSON card describing them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flax import nnx

from deq.data import Form
from deq.gradients import Gradient
from deq.models.architectures import Architecture
from deq.models.model import EquilibriumModel
from deq.models.settings import from_dict, is_written
from deq.models.weights import CheckpointError, restore_weights, weights_of
from deq.solvers import Solver
from deq.solvers.base import later

WEIGHTS, CARD = "weights.safetensors", "card.json"
PRETRAINED = Path(__file__).parent / "pretrained"


@dataclass(frozen=True)
class Card:
    """What a set of weights is, how it was trained, and its test metrics.

    accuracy: fraction of the test set, None without classes. loss: mean, in nats for classes. nfe_mean:
    calls of f. residual_mean: relative. converged_fraction: share of solves within the solver's tol.
    solver, gradient: as deq.models.settings writes them; the metrics were measured with this solver.
    verdict: why training was stopped early, or empty. temperature: fitted on the validation examples; logits
    are divided by it before the softmax. calibration_error: on the test set, in 0..1. seeds: results of the
    same command for every seed tried; the one that ships has the best validation accuracy. baselines: test
    accuracy of the same layers trained without an equilibrium. Of a user's own data, classes: their names, by label,
    and inputs: how they were read. best_epoch: the epoch with the best validation, whose weights these are, where the
    recipe asks for it.
    """

    model: str
    dataset: str
    parameters: int
    accuracy: float | None
    loss: float
    nfe_mean: float
    residual_mean: float
    converged_fraction: float
    validation_accuracy: float | None
    seconds: float
    seed: int
    epochs: int
    command: str
    recipe: dict[str, Any]
    solver: dict[str, Any]
    gradient: dict[str, Any]
    machine: str
    versions: dict[str, str]
    weights_sha256: str = ""
    verdict: str = ""
    temperature: float = 1.0
    calibration_error: float | None = None
    seeds: list[dict[str, Any]] = field(default_factory=list)
    baselines: dict[str, float] = field(default_factory=dict)
    classes: list[str] | None = later(None)
    inputs: dict[str, Any] | None = later(None)
    best_epoch: int | None = later(None)


@dataclass(frozen=True)
class Checkpoint:
    """A trained model with its card."""

    model: EquilibriumModel
    card: Card

    @property
    def solver(self) -> Solver:
        """The forward solver that the card's metrics were measured with."""
        return from_dict(self.card.solver)

    @property
    def gradient(self) -> Gradient:
        """The gradient it was trained with; a baseline's replaces the forward solver."""
        return from_dict(self.card.gradient)


def save_checkpoint(
    folder: str | Path, model: EquilibriumModel, card: Card, architecture: Architecture | None = None
) -> None:
    """Write the weights, then the card with their sha256; each file is written atomically.

    architecture: of a model that `construct` built; the weights keep it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    calibrated = nnx.clone(model)
    calibrated.temperature = card.temperature
    data = weights_of(calibrated, architecture, form_on(card))
    card = dataclasses.replace(card, weights_sha256=hashlib.sha256(data).hexdigest())
    write_atomically(folder / WEIGHTS, data)
    write_atomically(folder / CARD, (json.dumps(card_as_dict(card), indent=2) + "\n").encode())


def form_on(card: Card) -> Form:
    """The classes and the reader of pictures that a card names; empty for a data set of deq."""
    return Form(tuple(card.classes or ()), (card.inputs or {}).get("reader", ""))


def card_as_dict(card: Card) -> dict[str, Any]:
    """A card as plain data, which `Card` takes; cards of earlier versions stay as they were."""
    written = {part.name for part in dataclasses.fields(card) if is_written(part, card)}
    return {name: value for name, value in dataclasses.asdict(card).items() if name in written}


def load_checkpoint(folder: str | Path) -> Checkpoint:
    """The model and card in a folder that `save_checkpoint` wrote.

    Raises:
        CheckpointError: a file is missing or damaged, or the weights do not fit the model.
    """
    folder = Path(folder)
    card = read_card(folder / CARD)
    try:
        data = (folder / WEIGHTS).read_bytes()
    except OSError as error:
        raise CheckpointError(f"Cannot read {folder / WEIGHTS}: {error.strerror or error}.") from error
    if card.weights_sha256 and hashlib.sha256(data).hexdigest() != card.weights_sha256:
        raise CheckpointError(f"{folder / WEIGHTS} does not match its card: damaged or replaced.")
    model = restore_weights(card.model, data)
    model.temperature = card.temperature
    return Checkpoint(model, card)


def load_pretrained(name: str) -> Checkpoint:
    """A model that ships with deq; see `pretrained_names`. Raises ValueError for an unknown name."""
    if name not in pretrained_names():
        raise ValueError(f"Unknown pretrained model {name!r}; choose from {', '.join(pretrained_names())}.")
    return load_checkpoint(PRETRAINED / name)


def pretrained_names() -> list[str]:
    """Names of the models that ship with deq."""
    return sorted(path.parent.name for path in PRETRAINED.glob(f"*/{CARD}"))


def read_card(path: Path) -> Card:
    """The card in a JSON file. Raises CheckpointError."""
    try:
        return Card(**json.loads(path.read_bytes()))
    except OSError as error:
        raise CheckpointError(f"No checkpoint: cannot read {path} ({error.strerror or error}).") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{path} is not a card of this version of deq: {error}.") from error


def write_atomically(path: Path, data: bytes) -> None:
    """Write a temporary file, flush it, rename it: a reader sees the old file or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
