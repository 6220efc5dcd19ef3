"""A task: inputs, targets and a loss, split into training, validation and test sets."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from deq.data.puzzles import bits, mazes, mazes_and_blocked
from deq.data.sets import Dataset

Loss = Callable[[Array, Array, float], Array]


class Examples(NamedTuple):
    """Inputs and targets, as NumPy or JAX arrays.

    x: (n, ...). y: (n,) labels, (n, ...) labels of places, or (n, k) float targets.
    """

    x: Any
    y: Any


@dataclass(frozen=True)
class Task:
    """Three disjoint sets of examples and a loss (outputs, targets, label smoothing) -> (batch,)."""

    name: str
    train: Examples
    validation: Examples
    test: Examples
    loss: Loss

    @property
    def has_one_label(self) -> bool:
        """Whether each example has a single class, whose probability a model can give."""
        return self.has_labels and self.train.y.ndim == 1

    @property
    def has_labels(self) -> bool:
        """Whether the targets are classes, so that accuracy is defined."""
        return np.issubdtype(self.train.y.dtype, np.integer)


def cross_entropy(logits: Array, labels: Array, smoothing: float) -> Array:
    """-sum_k t_k log softmax(logits)_k, t the one-hot label smoothed towards 1 / classes; (batch,) in nats.

    For answers with many places, (batch, ..., classes) and (batch, ...), the mean over the places.
    """
    targets = optax.smooth_labels(jnp.eye(logits.shape[-1])[labels], smoothing)
    return optax.softmax_cross_entropy(logits, targets).reshape(len(labels), -1).mean(axis=1)


def squared_error(outputs: Array, targets: Array, smoothing: float) -> Array:
    """||outputs - targets||^2 per sample, (batch,); smoothing has no effect."""
    return jnp.sum(jnp.square(outputs - targets), axis=-1)


def classify(dataset: Dataset) -> Task:
    """Classify the images of a data set.

    The last 5,000 training examples, or the last tenth of a small set, become the validation set, unless the data set
    says how many. Training never uses the test set. Raises ValueError for a label outside 0..num_classes - 1.
    """
    for labels in (dataset.train_labels, dataset.test_labels):
        if labels.size and not (labels.min() >= 0 and labels.max() < dataset.num_classes):
            raise ValueError(
                f"{dataset.name} has {dataset.num_classes} classes, but labels from {labels.min()} to {labels.max()}: "
                "number them from 0, or set num_classes."
            )
    n = len(dataset.train_labels)
    at = n - (max(1, min(5_000, n // 10)) if dataset.validation is None else dataset.validation)
    return Task(
        dataset.name,
        Examples(dataset.train_images[:at], dataset.train_labels[:at]),
        Examples(dataset.train_images[at:], dataset.train_labels[at:]),
        Examples(dataset.test_images, dataset.test_labels),
        cross_entropy,
    )


PUZZLES: dict[str, tuple[Callable[[int, int, int], tuple[np.ndarray, np.ndarray]], int]] = {
    "prefix_sums": (bits, 32),
    "mazes": (mazes, 9),
}  # how they are drawn, and the size to train on
TRAINED_ON = {"mazes": mazes_and_blocked}  # where training has other puzzles too
PUZZLE_COUNTS = (50_000, 500, 1_000)


def puzzle(name: str, size: int | None = None) -> Task:
    """Bits of this length and their parity so far, or mazes of size x size rooms and the path; default: trained size.

    The parts differ in their seeds; only training has mazes without a path. Each answer has many places, and is right
    if all of them are. Another size is for testing: its other parts have one example each.
    """
    draw, usual = PUZZLES[name]
    counts = PUZZLE_COUNTS if size in (None, usual) else (1, 1, PUZZLE_COUNTS[-1])
    draws = (TRAINED_ON.get(name, draw), draw, draw)
    train, validation, test = (
        Examples(*part(count, size or usual, seed))
        for seed, (part, count) in enumerate(zip(draws, counts, strict=True))
    )
    return Task(name, train, validation, test, cross_entropy)


def calls_for(usual: int, name: str, size: int) -> int:
    """The calls allowed for puzzles of a size: proportional to it, and never fewer than for the trained size."""
    return max(usual, math.ceil(usual * size / PUZZLES[name][1]))


def double() -> Task:
    """y = 2x on x = 1..10, validated between these points, tested at x = -5; see deq.cells.dense."""
    train, validation, test = np.arange(1.0, 11.0), np.arange(1.5, 10.0), np.array([-5.0])
    return Task("toy", _doubled(train), _doubled(validation), _doubled(test), squared_error)


def _doubled(x: np.ndarray) -> Examples:
    column = x.astype(np.float32)[:, None]
    return Examples(column, 2 * column)
