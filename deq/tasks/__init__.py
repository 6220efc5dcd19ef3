"""What a model learns: inputs, targets and a loss, split into training, validation and test."""

from deq.tasks.base import (
    Examples,
    Loss,
    Task,
    classify,
    cross_entropy,
    double,
    squared_error,
)
from deq.tasks.curves import CURVES, HALF_WIDTH, curve, formula_curve
from deq.tasks.shapes import SHAPES, shape

__all__ = [
    "CURVES",
    "HALF_WIDTH",
    "SHAPES",
    "Examples",
    "Loss",
    "Task",
    "classify",
    "cross_entropy",
    "curve",
    "double",
    "formula_curve",
    "shape",
    "squared_error",
]
