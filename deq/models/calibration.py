"""Calibrated probabilities: a temperature fitted on validation examples, and the calibration error that remains."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax, softmax

from deq.data import Task
from deq.gradients import Gradient, Implicit
from deq.models.evaluation import batch_size_for
from deq.models.inference import infer
from deq.models.model import EquilibriumModel
from deq.solvers import Solver

_COLDEST, _HOTTEST = 0.01, 20.0
_BINS = 15


def calibrate(
    model: EquilibriumModel,
    task: Task,
    solver: Solver,
    gradient: Gradient = Implicit(),
    *,
    devices: int | None = None,
) -> tuple[float, float]:
    """The temperature fitted on the task's validation examples, and the calibration error on its test set.

    task: a classification task. gradient, devices: as in `infer`.
    """
    size = batch_size_for(task)
    validation, test = (
        infer(model, part.x, solver, gradient, batch_size=size, devices=devices).outputs.astype(np.float64)
        for part in (task.validation, task.test)
    )
    temperature = fit_temperature(validation, task.validation.y)
    return temperature, calibration_error(softmax(test / temperature, axis=1), task.test.y)


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """The T > 0 that minimises the mean of -log softmax(logits / T)[label]; 1 changes nothing.

    logits: (n, classes) before the softmax; labels: (n,) ints. Guo et al. (2017), arXiv:1706.04599.
    """
    from scipy.optimize import minimize_scalar  # 24 MB that no page needs

    logits, labels = np.asarray(logits, np.float64), np.asarray(labels)
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logits / np.exp(log_temperature), axis=1)[rows, labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=np.log([_COLDEST, _HOTTEST]), method="bounded").x))


def calibration_error(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Expected calibration error: |accuracy - confidence| of each bin, weighted by its examples, in 0..1.

    probabilities: (n, classes); labels: (n,) ints. Confidence is the largest probability, in 15 bins of equal
    width. Naeini, Cooper & Hauskrecht (2015).
    """
    probabilities, labels = np.asarray(probabilities, np.float64), np.asarray(labels)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bin_of = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bin_of, weights=right - confidence, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(labels))
