"""The film of a run on points in the plane: the class predicted at each place, what its solve costs, and failures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deq.data import Task
from deq.models import EquilibriumModel
from deq.models.evaluation import Metrics, evaluate_task, largest_radius
from deq.models.inference import Results, infer
from deq.training.early_stopping import MIN_SHARE
from deq.training.recipes import Recipe

SIDE = 40  # cells along an axis
HALF_WIDTH = 2.5
MOST_FRAMES = 60
FAILED = 128  # the bit of a cell whose solve did not converge
UNKNOWN = Metrics(math.nan, math.nan, math.nan, math.nan, math.nan)
UNMEASURED = UNKNOWN, math.nan  # metrics and spectral radius
CLASSES, CONFIDENCES = 8, 16  # that fit into the other seven bits
COSTS = 128  # shades of a cost, which fit there too


@dataclass(frozen=True)
class Moment:
    """One moment of a run, and what n solves show then.

    loss, accuracy: on the validation set, NaN where unknown. spectral_radius: see
    deq.models.evaluation.largest_radius. nfe: (n,) uint16, the evaluations of each solve. failed: (n,) bool.
    """

    step: int
    loss: float
    accuracy: float
    spectral_radius: float
    nfe: np.ndarray
    failed: np.ndarray

    @property
    def converged(self) -> float:
        """The share of the solves that converge."""
        return 1 - float(self.failed.mean())

    @property
    def evaluations(self) -> float:
        """The median over the solves."""
        return float(np.median(self.nfe))

    @property
    def is_sound(self) -> bool:
        """Whether at least half of the solves converge."""
        return self.converged >= MIN_SHARE


@dataclass(frozen=True)
class Frame(Moment):
    """A moment in the plane, of SIDE * SIDE solves.

    cells: (SIDE * SIDE,) uint8, row by row from the bottom: the most probable class, plus CLASSES times the confidence
    in it from 0 to 15, plus FAILED.
    """

    cells: np.ndarray


class Film:
    """At most `most` moments, evenly spaced: of the plane 6 kB each, of states at most 11 kB.

    At first every update that it is offered is kept; when full, it drops every second one and doubles the interval.
    It ends with the frame in which the equilibrium is lost, and continues only if it is found again.
    """

    def __init__(self, most: int = MOST_FRAMES) -> None:
        self.most = most
        self.frames: tuple[Moment, ...] = ()
        self.interval = 1  # updates

    @property
    def is_lost(self) -> bool:
        """Whether the last frame is the one in which the equilibrium is lost."""
        return any(frame.is_sound for frame in self.frames) and not self.frames[-1].is_sound

    def wants(self, step: int, ends_epoch: bool, ends_run: bool) -> bool:
        """Whether to take a frame after `step`; once the equilibrium is lost, only at the end of an epoch."""
        if self.is_lost:
            return ends_epoch
        return ends_run or not self.frames or step >= self.frames[-1].step + self.interval

    def append(self, frame: Moment) -> None:
        """Add a frame; a resumed run overwrites what it repeats."""
        before = tuple(one for one in self.frames if one.step < frame.step)
        if self.is_lost and len(before) == len(self.frames) and not frame.is_sound:
            return
        if len(before) >= self.most:
            before = before[::2]
            self.interval = max(2 * self.interval, before[-1].step - before[-2].step)
        self.frames = (*before, frame)


def in_plane(task: Task) -> bool:
    """Whether the task is to classify points in the plane; such tasks have at most CLASSES classes."""
    return task.has_labels and task.train.x.shape[1:] == (2,)


def validated(model: EquilibriumModel, task: Task, recipe: Recipe) -> tuple[Metrics, float]:
    """Metrics on the validation set and the spectral radius, as `fit` measures them after an epoch."""
    metrics = evaluate_task(model, task, task.validation, recipe.solver, recipe.gradient)
    return metrics, largest_radius(model, task.validation.x, recipe.solver)


def frame_at(
    model: EquilibriumModel, recipe: Recipe, step: int, metrics: Metrics = UNKNOWN, radius: float = math.nan
) -> Frame:
    """The frame of a model after `step` updates. metrics, radius: of `validated`."""
    found = infer(model, plane(), recipe.solver, recipe.gradient, batch_size=SIDE**2)
    return Frame(step, *measured(metrics, radius), *solves(found), cells_of(found))


def measured(metrics: Metrics, radius: float) -> tuple[float, float, float]:
    """Loss, accuracy and spectral radius of a moment."""
    return float(metrics.loss), float(metrics.accuracy), float(radius)


def solves(found: Results) -> tuple[np.ndarray, np.ndarray]:
    """The evaluations of each solve (n,), and whether it failed (n,)."""
    return np.minimum(found.nfe, np.iinfo(np.uint16).max).astype(np.uint16), ~np.asarray(found.converged)


def cells_of(found: Results) -> np.ndarray:
    """The cells of a frame, from the results at each place of the plane."""
    share = np.nan_to_num(found.probabilities)
    least = 1 / share.shape[1]
    confidence = np.clip((share.max(axis=1) - least) / (1 - least), 0, 1)
    level = np.round(confidence * (CONFIDENCES - 1)).astype(np.uint8)
    return (
        share.argmax(axis=1).astype(np.uint8)
        + CLASSES * level
        + np.where(found.converged, 0, FAILED).astype(np.uint8)
    )


def costs(film: Sequence[Frame]) -> tuple[np.ndarray, int, int]:
    """The evaluations in all frames on one log scale, and the fewest and most of those solves that converge.

    The first is (frames, SIDE * SIDE) uint8, 0 for the fewest up to COSTS - 1 for the most and above, plus FAILED.
    """
    nfe, failed = (np.stack([getattr(frame, name) for frame in film]) for name in ("nfe", "failed"))
    known = nfe if failed.all() else nfe[~failed]
    low, high = max(1, int(known.min())), max(1, int(known.max()))
    share = np.log(np.maximum(nfe, low) / low) / max(math.log(high / low), 1e-9)
    level = np.round(np.clip(share, 0, 1) * (COSTS - 1)).astype(np.uint8)
    return level + np.where(failed, FAILED, 0).astype(np.uint8), low, high


def plane() -> np.ndarray:
    """(SIDE * SIDE, 2) float32, the middle of each cell of [-2.5, 2.5]^2, row by row from the bottom."""
    middle = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * HALF_WIDTH
    return np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2).astype(np.float32)
