"""Binary classification in the plane: two moons, circles, spirals."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from deq.data.tasks import Examples, Task, cross_entropy

SIZES = (768, 192, 192)  # training, validation, test

Curve = Callable[[np.ndarray, np.ndarray], np.ndarray]  # t in [0, 1) and label 0 or 1, (n,) each -> (n, 2)


def _moons(t: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Two interleaved half circles of radius 1.2."""
    sign = np.where(label == 0, 1.0, -1.0)
    x = sign * (1.2 * np.cos(np.pi * t) - 0.6)
    return np.stack([x, sign * (1.2 * np.sin(np.pi * t) - 0.35)], axis=1)


def _circles(t: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Two concentric circles of radius 1.6 and 0.7."""
    radius = np.where(label == 0, 1.6, 0.7)
    return np.stack([radius * np.cos(2 * np.pi * t), radius * np.sin(2 * np.pi * t)], axis=1)


def _spirals(t: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Two spirals of one and a half turns each, half a turn apart; evenly dense along the arc."""
    angle = 3 * np.pi * np.sqrt(t)
    radius = 0.25 + 1.75 * np.sqrt(t)
    angle = angle + np.pi * label
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


# Name -> the curve, and the standard deviation of the points around it.
SHAPES: dict[str, tuple[Curve, float]] = {
    "two moons": (_moons, 0.15),
    "circles": (_circles, 0.12),
    "spirals": (_spirals, 0.06),
}


def shape(name: str, seed: int = 0) -> Task:
    """Classify random points in [-2.5, 2.5]^2, half of each class."""
    if name not in SHAPES:
        raise ValueError(f"Unknown shape {name!r}; choose from {', '.join(SHAPES)}.")
    points, spread = SHAPES[name]
    rng = np.random.default_rng(seed)
    n = sum(SIZES)
    label = rng.permutation(np.arange(n) % 2).astype(np.int32)
    x = points(rng.uniform(0, 1, n), label) + spread * rng.normal(size=(n, 2))
    x = np.clip(x, -2.5, 2.5).astype(np.float32)
    bounds = np.cumsum((0, *SIZES))
    train, validation, test = [Examples(x[i:j], label[i:j]) for i, j in pairwise(bounds)]
    return Task(name, train, validation, test, cross_entropy)
