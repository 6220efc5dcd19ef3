"""Trained models on disk: weights as safetensors, which cannot run code, and a JSON card describing them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from flax import nnx

from deq.data import Form
from deq.gradients import Gradient
from deq.models.architectures import Architecture
from deq.models.card import CARD, Card, card_as_dict, default_card, read_card
from deq.models.model import EquilibriumModel
from deq.models.model_file import Make
from deq.models.settings import from_dict
from deq.models.weights import OWN, CheckpointError, architecture_of, needs_code, restore_weights, weights_of
from deq.models.zoo import PICTURE_MODELS
from deq.solvers import Solver

WEIGHTS = "weights.safetensors"
PRETRAINED = Path(__file__).parent / "pretrained"


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
    folder: str | Path,
    model: EquilibriumModel,
    card: Card | None = None,
    architecture: Architecture | None = None,
) -> None:
    """Write the weights, then the card with their sha256; each file is written atomically.

    card: by default one without a recorded training. architecture: of a model that `construct` built; the weights
    keep it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    card = card or default_card(model)
    calibrated = nnx.clone(model)
    calibrated.temperature = card.temperature
    code = card.model if card.model_sha256 else None
    data = weights_of(calibrated, architecture, code, form_on(card))
    card = dataclasses.replace(card, weights_sha256=hashlib.sha256(data).hexdigest())
    write_atomically(folder / WEIGHTS, data)
    write_atomically(folder / CARD, (json.dumps(card_as_dict(card), indent=2) + "\n").encode())


def form_on(card: Card) -> Form:
    """The classes and the reader of pictures that a card names; empty for a data set of deq."""
    return Form(tuple(card.classes or ()), (card.inputs or {}).get("reader", ""))


def load_checkpoint(folder: str | Path, build: Make | None = None) -> Checkpoint:
    """The model and card in a folder that `save_checkpoint` wrote.

    build: the function (*, rngs) -> EquilibriumModel of your own model. No code is read from the folder.

    Raises:
        CheckpointError: a file is missing or damaged, or the weights do not fit the model.
    """
    folder = Path(folder)
    card = read_card(folder / CARD)
    data = weights_in(folder, card)
    if build is None and (card.model_sha256 or card.model == OWN) and architecture_of(data) is None:
        raise needs_code(f"The weights in {folder}", card.model)
    model = restore_weights(card.model, data, build)
    model.temperature = card.temperature
    return Checkpoint(model, card)


def weights_in(folder: Path, card: Card) -> bytes:
    """The weights beside a card, as safetensors. Raises CheckpointError if they are missing or not the card's."""
    try:
        data = (folder / WEIGHTS).read_bytes()
    except OSError as error:
        raise CheckpointError(f"Cannot read {folder / WEIGHTS}: {error.strerror or error}.") from error
    if card.weights_sha256 and hashlib.sha256(data).hexdigest() != card.weights_sha256:
        raise CheckpointError(
            f"{folder / WEIGHTS} does not match its card: damaged or replaced. Copy it again, or train again."
        )
    return data


def load_pretrained(name: str) -> Checkpoint:
    """A model that ships with deq; see `pretrained_names`. Raises ValueError for an unknown name."""
    if name not in pretrained_names():
        raise ValueError(f"Unknown pretrained model {name!r}; choose from {', '.join(pretrained_names())}.")
    return load_checkpoint(PRETRAINED / name)


@cache
def pretrained_cards() -> Mapping[str, Card]:
    """The cards of the models that ship with deq, by name; read once."""
    found = {path.parent.name: read_card(path) for path in PRETRAINED.glob(f"*/{CARD}")}
    return MappingProxyType(dict(sorted(found.items())))


def pretrained_names() -> list[str]:
    """Names of the models that ship with deq."""
    return list(pretrained_cards())


def picture_readers() -> list[str]:
    """The pretrained models that read pictures."""
    return [name for name, card in pretrained_cards().items() if card.model in PICTURE_MODELS]


def write_atomically(path: Path, data: bytes) -> None:
    """Write a temporary file, flush it, rename it: a reader sees the old file or the new one, never half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
