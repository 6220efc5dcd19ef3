"""Points to start from: small patterns in two to six classes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deq.data.points import Points, make_points

Drawn = tuple[np.ndarray, np.ndarray]  # places (n, 2) and classes (n,)


def _corners(rng: np.random.Generator) -> Drawn:
    """Two classes in opposite corners: no straight line separates them."""
    centres = np.repeat([[-1.2, 1.2], [1.2, -1.2], [-1.2, -1.2], [1.2, 1.2]], 15, axis=0)
    return centres + 0.4 * rng.normal(size=centres.shape), np.repeat([0, 0, 1, 1], 15)


def _ring(rng: np.random.Generator) -> Drawn:
    """One class in the middle, another around it."""
    radius = np.concatenate([0.8 * np.sqrt(rng.uniform(size=30)), rng.uniform(1.5, 2.1, 42)])
    angle = rng.uniform(0, 2 * np.pi, 72)
    return _polar(radius, angle), np.repeat([0, 1], [30, 42])


def _arms(rng: np.random.Generator) -> Drawn:
    """Three arms of a spiral."""
    t, label = np.tile(np.linspace(0.15, 1, 30), 3), np.repeat([0, 1, 2], 30)
    return _polar(2.2 * t, 2.6 * t + label * 2 * np.pi / 3 + 0.08 * rng.normal(size=90)), label


def _petals(rng: np.random.Generator) -> Drawn:
    """Six classes around the middle."""
    label = np.repeat(np.arange(6), 15)
    middle = _polar(np.full(90, 1.6), label * np.pi / 3 + np.pi / 6)
    return middle + 0.28 * rng.normal(size=(90, 2)), label


def _polar(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


# Name -> how it is drawn. The page starts with the first.
PATTERNS: dict[str, Callable[[np.random.Generator], Drawn]] = {
    "Corners": _corners,
    "Ring": _ring,
    "Three arms": _arms,
    "Six petals": _petals,
}


def pattern(name: str) -> Points:
    """The points of one of PATTERNS, always the same."""
    return make_points(*PATTERNS[name](np.random.default_rng(0)))
