"""Data sets, tasks and augmentation."""

from deq.data.augment import Augmentation
from deq.data.curves import CURVES, HALF_WIDTH, curve, formula_curve
from deq.data.download import DatasetError, StalledDownload
from deq.data.form import READERS, Form
from deq.data.own import OwnData, load_own_data, load_zip
from deq.data.points import Points
from deq.data.sets import NAMES, Dataset, at_hand, held_out_digits, load_dataset
from deq.data.shapes import SHAPES, shape
from deq.data.tasks import (
    PUZZLES,
    Examples,
    Loss,
    Task,
    calls_for,
    classify,
    cross_entropy,
    double,
    puzzle,
    squared_error,
)

__all__ = [
    "CURVES",
    "HALF_WIDTH",
    "NAMES",
    "PUZZLES",
    "READERS",
    "SHAPES",
    "Augmentation",
    "Dataset",
    "DatasetError",
    "Examples",
    "Form",
    "Loss",
    "OwnData",
    "Points",
    "StalledDownload",
    "Task",
    "at_hand",
    "calls_for",
    "classify",
    "cross_entropy",
    "curve",
    "double",
    "formula_curve",
    "held_out_digits",
    "load_dataset",
    "load_own_data",
    "load_zip",
    "puzzle",
    "shape",
    "squared_error",
]
