"""Trained models on disk: weights as safetensors, which runs no code, and a JSON card that says what they are."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
import safetensors
import safetensors.numpy
from flax import nnx

from deq.gradients import Gradient
from deq.models.architectures import Architecture, construct
from deq.models.model import EquilibriumModel
from deq.models.settings import from_dict
from deq.models.zoo import MODELS, build
from deq.solvers import Solver

WEIGHTS, CARD, METADATA = "weights.safetensors", "card.json", "architecture"
PRETRAINED = Path(__file__).parent / "pretrained"


class CheckpointError(ValueError):
    """A checkpoint is missing, damaged or of another shape; the message says what to do."""


@dataclass(frozen=True)
class Card:
    """What a set of weights is, how it was made, and how well it does on its test set.

    accuracy: fraction of the test set, None where there are no classes. loss: mean, nats for classes.
    nfe_mean: calls of f. residual_mean: relative. converged_fraction: solves within the solver's tol.
    solver, gradient: as deq.models.settings writes them; the metrics were measured with this solver. verdict:
    why the run was ended early, in words, or empty. temperature: fitted on the validation examples, what
    logits are divided by where they become probabilities. calibration_error: of the test set's, in 0..1.
    seeds: what the same command gave with each seed tried, this one among them, chosen by its validation
    accuracy. baselines: test accuracy of the same weights' layout trained without an equilibrium.
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


@dataclass(frozen=True)
class Checkpoint:
    """A trained model, ready for use, with its card."""

    model: EquilibriumModel
    card: Card

    @property
    def solver(self) -> Solver:
        """The forward solver that the card's figures were measured with."""
        return from_dict(self.card.solver)

    @property
    def gradient(self) -> Gradient:
        """What it was trained with; a baseline's takes the forward solver's place."""
        return from_dict(self.card.gradient)


def save_checkpoint(folder: str | Path, model: EquilibriumModel, card: Card) -> None:
    """Write the weights, then the card that names their sha256: each file appears whole or not at all."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data = weights_of(model)
    card = dataclasses.replace(card, weights_sha256=hashlib.sha256(data).hexdigest())
    write_atomically(folder / WEIGHTS, data)
    write_atomically(folder / CARD, (json.dumps(dataclasses.asdict(card), indent=2) + "\n").encode())


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
        raise CheckpointError(f"{folder / WEIGHTS} is not what its card describes: damaged or replaced.")
    model = restore_weights(card.model, data)
    model.temperature = card.temperature
    return Checkpoint(model, card)


def load_pretrained(name: str) -> Checkpoint:
    """A model that ships with deq; see `pretrained_names`. Raises ValueError for an unknown name."""
    if name not in pretrained_names():
        raise ValueError(f"No pretrained model {name!r}; there are {', '.join(pretrained_names())}.")
    return load_checkpoint(PRETRAINED / name)


def pretrained_names() -> list[str]:
    """The models that ship."""
    return sorted(path.parent.name for path in PRETRAINED.glob(f"*/{CARD}"))


def read_card(path: Path) -> Card:
    """The card in a JSON file. Raises CheckpointError."""
    try:
        return Card(**json.loads(path.read_bytes()))
    except OSError as error:
        raise CheckpointError(
            f"No checkpoint there: cannot read {path} ({error.strerror or error})."
        ) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{path} is not a card of this version of deq: {error}.") from error


def weights_of(model: EquilibriumModel, architecture: Architecture | None = None) -> bytes:
    """The weights as safetensors; an architecture goes along as metadata, so that the bytes alone make the model."""
    described = None if architecture is None else {METADATA: json.dumps(dataclasses.asdict(architecture))}
    return safetensors.numpy.save(_arrays(model), described)


def restore_weights(name: str, data: bytes) -> EquilibriumModel:
    """The model that safetensors bytes describe, or the model `name` where they hold nothing but weights.

    Raises CheckpointError if the weights do not fit.
    """
    try:
        arrays = safetensors.numpy.load(data)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"These are no safetensors weights: {error}.") from error
    try:
        described = architecture_of(data)
        model = nnx.eval_shape(partial(construct, described) if described else partial(build, name))
    except (ValueError, TypeError) as error:
        raise CheckpointError(str(error)) from error
    _check_fit(name, _shapes(model), arrays)
    state = nnx.state(model, nnx.Param)
    there = jax.device_put(arrays)
    filled = [(path, leaf.replace(there[_key(path)])) for path, leaf in nnx.to_flat_state(state)]
    nnx.update(model, nnx.from_flat_state(filled))
    model.eval()  # type: ignore[no-untyped-call]  # of Flax
    return model


def architecture_of(data: bytes) -> Architecture | None:
    """The architecture in the metadata of whole safetensors bytes. Raises ValueError or TypeError for nonsense."""
    size = int.from_bytes(data[:8], "little")
    try:
        metadata = json.loads(data[8 : 8 + size]).get("__metadata__", {})
        return Architecture(**json.loads(metadata[METADATA])) if METADATA in metadata else None
    except RecursionError as error:
        raise ValueError("the header is nested without end") from error


def model_name(data: bytes) -> str:
    """What `restore_weights` calls the model of safetensors bytes that came without a card.

    "own" where they describe their architecture, else the model of deq whose weights have these names and
    shapes. Raises CheckpointError where there is none.
    """
    try:
        if architecture_of(data):
            return "own"
        tensors = safetensors.numpy.load(data)
    except (safetensors.SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"These are no safetensors weights: {error}.") from error
    found = {key: array.shape for key, array in tensors.items()}
    for name, shapes in _known_shapes().items():
        if shapes == found:
            return name
    raise CheckpointError(f"They describe no architecture, and fit none of {', '.join(MODELS)}.")


@lru_cache(1)
def _known_shapes() -> dict[str, dict[str, tuple[int, ...]]]:
    return {name: _shapes(nnx.eval_shape(partial(build, name))) for name in MODELS}


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside, flush to disk, rename: a reader sees the old file or the new one, never half of one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)  # half of it would only take room


def _key(path: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in path)


def _arrays(model: EquilibriumModel) -> dict[str, np.ndarray]:
    flat = nnx.to_flat_state(nnx.state(model, nnx.Param))
    return {_key(path): np.asarray(leaf[...]) for path, leaf in flat}


def _shapes(model: EquilibriumModel) -> dict[str, tuple[int, ...]]:
    return {_key(path): leaf.shape for path, leaf in nnx.to_flat_state(nnx.state(model, nnx.Param))}


def _check_fit(name: str, wanted: dict[str, tuple[int, ...]], arrays: dict[str, np.ndarray]) -> None:
    if wanted.keys() != arrays.keys():
        difference = ", ".join(sorted(wanted.keys() ^ arrays.keys())[:4])
        raise CheckpointError(
            f"The weights belong to another model than {name}: they differ in {difference}."
        )
    for key, shape in wanted.items():
        if arrays[key].shape != shape or arrays[key].dtype != np.float32:
            found = f"{arrays[key].dtype}{list(arrays[key].shape)}"
            raise CheckpointError(f"{key} of {name} is float32{list(shape)}, these weights have {found}.")
        if not np.isfinite(arrays[key]).all():
            raise CheckpointError(
                f"{key} holds values that are not finite: the run that made it had diverged."
            )
