"""The problems to compare on, by plain settings: a shipped model, uploaded weights, or a random cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deq.analysis.comparison.affine import DIMENSION, affine_model, random_matrix, spiral_matrix
from deq.analysis.comparison.problem import Problem, build_problem
from deq.analysis.comparison.stiff import stiffen
from deq.data import held_out_digits
from deq.models import EquilibriumModel
from deq.models.checkpoints import CARD, PRETRAINED, load_pretrained, pretrained_names, read_card
from deq.models.weights import model_name, restore_weights

RANDOM, SPIRAL = "random cell", "spiral cell"
SHOWN = ("mnist", "digits", "toy")  # models trained on these can be compared
DIGITS, NOISE, STIFF = "test digits", "noise", "stiff digits"


@dataclass(frozen=True)
class Subject:
    """A model and a batch as plain, hashable settings; `make_problem` builds the problem.

    model: a pretrained name, an architecture if weights are given, RANDOM or SPIRAL. batch: DIGITS, NOISE or
    STIFF (digits changed by up to an eighth of full ink to settle more slowly). radius: spectral radius of the
    random cell. weights: safetensors bytes, empty for a shipped model.
    """

    model: str
    batch: str = DIGITS
    size: int = 64
    seed: int = 0
    radius: float = 0.9
    weights: bytes = b""

    @property
    def shared(self) -> bool:
        """Whether it contains no uploaded weights, so that visitors may share its results."""
        return not self.weights

    @property
    def reads_digits(self) -> bool:
        return self.model not in (RANDOM, SPIRAL, "toy")

    @property
    def is_monotone(self) -> bool:
        """Whether its cell is monotone by construction."""
        return (model_name(self.weights) if self.weights else self.model) == "monotone"

    @property
    def batches(self) -> list[str]:
        """The batches for this model, the default first."""
        return [DIGITS, NOISE, STIFF] if self.reads_digits else [NOISE]


def subject_names() -> list[str]:
    """Names of the shipped models, digit readers first, then the random cells."""
    shipped = sorted(pretrained_names(), key=lambda name: (name == "toy", name != "mlp", name))
    return [
        *(name for name in shipped if read_card(PRETRAINED / name / CARD).dataset in SHOWN),
        RANDOM,
        SPIRAL,
    ]


def make_problem(subject: Subject) -> Problem:
    """Build the problem. Raises ValueError, and CheckpointError for weights that do not fit."""
    if subject.batch not in subject.batches:
        raise ValueError(
            f"{subject.model} has no batch {subject.batch!r}; choose from {', '.join(subject.batches)}."
        )
    model = make_model(subject)
    random = np.random.default_rng(subject.seed)
    if not subject.reads_digits:
        width = 1 if subject.model == "toy" else DIMENSION
        return build_problem(model, random.normal(0, 3, (subject.size, width)).astype(np.float32))
    if subject.batch == NOISE:
        images = random.integers(0, 256, (subject.size, 28, 28, 1)).astype(np.uint8)
        return build_problem(model, images, has_classes=True)
    problem = digit_problem(model, subject.size, subject.seed)
    return stiffen(problem) if subject.batch == STIFF else problem


def make_model(subject: Subject) -> EquilibriumModel:
    """The model alone."""
    if subject.weights:
        return restore_weights(model_name(subject.weights), subject.weights)
    if subject.model == RANDOM:
        return affine_model(random_matrix(subject.radius, subject.seed))
    return affine_model(spiral_matrix()) if subject.model == SPIRAL else load_pretrained(subject.model).model


def digit_problem(model: EquilibriumModel, size: int, seed: int) -> Problem:
    """`size` random test digits, without repetition."""
    digits = held_out_digits()
    count = len(digits.test_labels)
    chosen = np.random.default_rng(seed).choice(count, min(size, count), replace=False)
    return build_problem(model, digits.test_images[chosen], digits.test_labels[chosen])
