"""Regression tasks: scalar functions on [-3, 3]."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deq.data.tasks import Examples, Task, squared_error
from deq.maps.formula import parse_formula

HALF_WIDTH = 3.0  # inputs lie in [-3, 3]
LARGEST = 100.0  # the default learning rate suits targets up to about this size

Curve = Callable[[np.ndarray], np.ndarray]

CURVES: dict[str, Curve] = {
    "2x": lambda x: 2 * x,
    "x^2": np.square,
    "sin x": np.sin,
    "|x|": np.abs,
}


def curve(name: str, seed: int = 0) -> Task:
    """Learn one of CURVES from 256 random points, with 64 more for validation and a grid of 101 points for testing."""
    if name not in CURVES:
        raise ValueError(f"Unknown curve {name!r}; choose from {', '.join(CURVES)}.")
    return _curve_task(name, CURVES[name], seed)


def formula_curve(text: str, seed: int = 0) -> Task:
    """Learn a formula in x given as text.

    Raises ValueError, with a hint, if it cannot be parsed, uses a or b, or is anywhere on [-3, 3] not finite or
    beyond +-100.
    """
    formula = parse_formula(text, ("x",))
    y = formula(np.linspace(-HALF_WIDTH, HALF_WIDTH, 2001))
    if not np.isfinite(y).all():
        raise ValueError("The formula is not finite everywhere on [-3, 3]; choose one that is.")
    if np.abs(y).max() > LARGEST:
        raise ValueError(
            f"The formula reaches {np.abs(y).max():.3g} on [-3, 3]; scale it to stay within {LARGEST:g}."
        )
    return _curve_task(formula.text, formula, seed)


def _curve_task(name: str, target: Curve, seed: int) -> Task:
    x = np.random.default_rng(seed).uniform(-HALF_WIDTH, HALF_WIDTH, 320)
    grid = np.linspace(-HALF_WIDTH, HALF_WIDTH, 101)
    train, validation, test = [_examples(part, target) for part in (x[:256], x[256:], grid)]
    return Task(name, train, validation, test, squared_error)


def _examples(x: np.ndarray, target: Curve) -> Examples:
    column = x.astype(np.float32)[:, None]
    return Examples(column, np.asarray(target(column.astype(float)), np.float32))
