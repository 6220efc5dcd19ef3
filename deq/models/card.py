"""The JSON card beside a model's weights: what it is, how it was trained, its test metrics."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deq.gradients import Implicit
from deq.models.model import EquilibriumModel, count_parameters
from deq.models.origin import machine, versions
from deq.models.settings import is_written, to_dict
from deq.models.start import has_learned_start
from deq.models.weights import OWN, CheckpointError
from deq.solvers import Anderson
from deq.solvers.base import later

CARD = "card.json"


@dataclass(frozen=True)
class Card:
    """What a set of weights is, how it was trained, and its test metrics.

    model: its name in MODELS, or FILE.py:FUNCTION of the code that builds it; model_sha256 is then that file's.
    accuracy: fraction of the test set, None without classes. loss: mean, in nats for classes. nfe_mean:
    calls of f. residual_mean: relative. converged_fraction: share of solves that converged to the solver's tol. All
    are None where nothing was measured.
    solver, gradient: as deq.models.settings writes them; the metrics were measured with this solver.
    verdict: why training was stopped early, or empty. temperature: fitted on the validation examples; logits
    are divided by it before the softmax. calibration_error: on the test set, in 0..1. seeds: results of the
    same command for every seed tried; the one that ships has the best validation accuracy. baselines: test
    accuracy of the same layers trained without an equilibrium. For a user's own data, classes: their names, by label,
    and inputs: how they were read. best_epoch: the epoch with the best validation result, whose weights these are, if
    the recipe asks for it. spectral_radius: the largest of df/dz for a few validation inputs, None if unknown. lost:
    see deq.training.events.Finished. learned_start: whether solves begin at a learned
    start, see deq.models.start; its parameters are counted.
    """

    model: str
    dataset: str
    parameters: int
    accuracy: float | None
    loss: float | None
    nfe_mean: float | None
    residual_mean: float | None
    converged_fraction: float | None
    validation_accuracy: float | None
    seconds: float | None
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
    model_sha256: str | None = later(None)
    spectral_radius: float | None = later(None)
    lost: bool = later(False)
    learned_start: bool = later(False)


def default_card(model: EquilibriumModel, name: str = OWN) -> Card:
    """A card of a model without a recorded training or test."""
    return Card(
        model=name,
        dataset="",
        parameters=count_parameters(model),
        accuracy=None,
        loss=None,
        nfe_mean=None,
        residual_mean=None,
        converged_fraction=None,
        validation_accuracy=None,
        seconds=None,
        seed=0,
        epochs=0,
        command="",
        recipe={},
        solver=to_dict(Anderson()),
        gradient=to_dict(Implicit()),
        machine=machine(),
        versions=versions(),
        temperature=model.temperature,
        learned_start=has_learned_start(model),
    )


def card_as_dict(card: Card) -> dict[str, Any]:
    """A card as plain data for `Card`; cards of earlier versions are unchanged."""
    written = {part.name for part in dataclasses.fields(card) if is_written(part, card)}
    return {name: value for name, value in dataclasses.asdict(card).items() if name in written}


def read_card(path: Path) -> Card:
    """The card in a JSON file. Raises CheckpointError."""
    try:
        return Card(**json.loads(path.read_bytes()))
    except OSError as error:
        raise CheckpointError(
            f"No checkpoint: cannot read {path} ({error.strerror or error}). Name a folder written by deq train --out."
        ) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{path} is not a card of this version of deq: {error}.") from error
