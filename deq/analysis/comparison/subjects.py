"""What can be compared, by plain settings: a model that ships, a visitor's own weights, or a random affine cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flax import nnx
from jax import Array
from jax import numpy as jnp

from deq.analysis.comparison.problem import Problem, build_problem
from deq.analysis.comparison.stiff import stiffen
from deq.data import held_out_digits
from deq.models.checkpoints import load_pretrained, pretrained_cards
from deq.models.model import EquilibriumModel, identity
from deq.models.weights import model_name, restore_weights

RANDOM, SPIRAL = "random cell", "spiral cell"
SHOWN = ("mnist", "digits", "toy")  # models trained on these can be compared
DIGITS, NOISE, STIFF, YOURS = "test digits", "noise", "stiff digits", "your digit"
SIDE = 28  # pixels


@dataclass(frozen=True)
class Subject:
    """A model and a batch as plain, hashable settings; `make_problem` builds the problem.

    model: a pretrained name, an architecture if weights are given, RANDOM or SPIRAL. batch: DIGITS, NOISE, STIFF
    (digits changed by up to an eighth of full ink to settle more slowly) or YOURS. radius: spectral radius of the
    random cell. weights: safetensors bytes, empty for a shipped model. digit: the 784 bytes of YOURS, a batch of one.
    """

    model: str
    batch: str = DIGITS
    size: int = 64
    seed: int = 0
    radius: float = 0.9
    weights: bytes = b""
    digit: bytes = b""

    @property
    def shared(self) -> bool:
        """Whether it contains no visitor's data, so that visitors may share its results."""
        return not self.weights and not self.digit

    @property
    def reads_digits(self) -> bool:
        return self.model not in (RANDOM, SPIRAL, "toy")

    @property
    def is_monotone(self) -> bool:
        """Whether its cell is monotone by construction."""
        if self.weights:
            return model_name(self.weights) == "monotone"
        card = pretrained_cards().get(self.model)
        return card is not None and card.model == "monotone"

    @property
    def batches(self) -> list[str]:
        """The batches for this model, the default first."""
        return [DIGITS, NOISE, STIFF, YOURS] if self.reads_digits else [NOISE]


def subject_names() -> list[str]:
    """Names of the shipped models, digit readers first, then the random cells."""
    shipped = [name for name, card in pretrained_cards().items() if card.dataset in SHOWN]
    return [*sorted(shipped, key=lambda name: (name == "toy", name != "mlp", name)), RANDOM, SPIRAL]


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
    if subject.batch == YOURS:
        if len(subject.digit) != SIDE**2:
            raise ValueError(f"The batch {YOURS!r} needs digit: {SIDE**2} bytes, got {len(subject.digit)}.")
        image = np.frombuffer(subject.digit, np.uint8).reshape(1, SIDE, SIDE, 1)
        return build_problem(model, image, has_classes=True)
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


DIMENSION = 40


class AffineCell(nnx.Module):
    """f(z, x) = W z + x, so df/dz = W everywhere and z* = (I - W)^{-1} x. z, x: (batch, n); weights: (n, n)."""

    def __init__(self, weights: np.ndarray) -> None:
        self.weights = nnx.Param(jnp.asarray(weights, jnp.float32))

    def __call__(self, z: Array, x: Array) -> Array:
        return z @ self.weights[...].T + x


def random_matrix(radius: float, seed: int, n: int = DIMENSION) -> np.ndarray:
    """Independent normal entries, scaled to spectral radius `radius`; the eigenvalues fill the disc. (n, n)."""
    matrix = np.random.default_rng(seed).normal(size=(n, n))
    return radius / np.max(np.abs(np.linalg.eigvals(matrix))) * matrix


def spiral_matrix() -> np.ndarray:
    """Eigenvalues 0.5 +- i w, w from 0.1 to 3: under the flow every direction spirals in. (n, n), n = DIMENSION."""
    matrix = np.zeros((DIMENSION, DIMENSION))
    for k, w in enumerate(np.linspace(0.1, 3, DIMENSION // 2)):
        matrix[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = [[0.5, -w], [w, 0.5]]
    return matrix


def affine_model(weights: np.ndarray) -> EquilibriumModel:
    """The cell W z + x as a model: inputs are injections, the output is z*."""
    return EquilibriumModel(identity, AffineCell(weights), identity)
