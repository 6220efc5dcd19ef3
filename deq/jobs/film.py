"""The film of a run on points in the plane: the class predicted at each place, what its solve costs, and failures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deq.data import Task
from deq.models import EquilibriumModel
from deq.models.evaluation import Metrics, evaluate, largest_radius
from deq.models.inference import Results, infer
from deq.training.early_stopping import MIN_SHARE
from deq.training.recipes import Recipe

SIDE = 40  # cells along an axis
HALF_WIDTH = 2.5
MOST_FRAMES = 60
FAILED = 128  # the bit of a cell whose solve did not converge
UNKNOWN = Metrics(math.nan, math.nan, math.nan, math.nan, math.nan)
CLASSES, DOUBTS = 8, 16  # that fit into the other seven bits
COSTS = 128  # as do these shades of a cost


@dataclass(frozen=True)
class Frame:
    """One moment of a run.

    loss, accuracy: on the validation set. spectral_radius: see deq.models.evaluation.largest_radius. cells:
    (SIDE * SIDE,) uint8, row by row from the bottom: the most probable class, plus CLASSES times the confidence in
    it from 0 to 15, plus FAILED. nfe: (SIDE * SIDE,) uint16, the evaluations of each cell's solve.
    """

    step: int
    loss: float
    accuracy: float
    spectral_radius: float
    cells: np.ndarray
    nfe: np.ndarray

    @property
    def converged(self) -> float:
        """The share of the cells whose solves converge."""
        return float((self.cells < FAILED).mean())

    @property
    def evaluations(self) -> float:
        """The median over the cells."""
        return float(np.median(self.nfe))

    @property
    def is_sound(self) -> bool:
        """Whether the solves of at least half of the cells converge."""
        return self.converged >= MIN_SHARE


class Film:
    """At most MOST_FRAMES frames, evenly spaced, 4.8 kB each: less than 300 kB a run.

    At first every update is kept; at MOST_FRAMES it drops every second frame and doubles the interval. It ends with the
    frame in which the equilibrium is lost, and continues only if it comes back.
    """

    def __init__(self) -> None:
        self.frames: tuple[Frame, ...] = ()
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

    def append(self, frame: Frame) -> None:
        """Add a frame; a resumed run overwrites what it repeats."""
        before = tuple(one for one in self.frames if one.step < frame.step)
        if self.is_lost and len(before) == len(self.frames) and not frame.is_sound:
            return
        if len(before) >= MOST_FRAMES:
            before = before[::2]
            self.interval *= 2
        self.frames = (*before, frame)


def in_plane(task: Task) -> bool:
    """Whether the task is to classify points in the plane, at most CLASSES classes."""
    return task.has_labels and task.train.x.shape[1:] == (2,)


def validated(model: EquilibriumModel, task: Task, recipe: Recipe) -> tuple[Metrics, float]:
    """Metrics on the validation set and the spectral radius, as `fit` measures them after an epoch."""
    metrics = evaluate(model, task.validation, task.loss, recipe.solver, recipe.gradient)
    return metrics, largest_radius(model, task.validation.x, recipe.solver)


def frame_at(
    model: EquilibriumModel, recipe: Recipe, step: int, metrics: Metrics = UNKNOWN, radius: float = math.nan
) -> Frame:
    """The frame of a model after `step` updates. metrics, radius: of `validated`."""
    found = infer(model, plane(), recipe.solver, recipe.gradient, batch_size=SIDE**2)
    nfe = np.minimum(found.nfe, np.iinfo(np.uint16).max).astype(np.uint16)
    return Frame(step, float(metrics.loss), float(metrics.accuracy), float(radius), cells_of(found), nfe)


def cells_of(found: Results) -> np.ndarray:
    """The cells of a frame, from the results at each place of the plane."""
    share = np.nan_to_num(found.probabilities)
    least = 1 / share.shape[1]
    confidence = np.clip((share.max(axis=1) - least) / (1 - least), 0, 1)
    doubt = np.round(confidence * (DOUBTS - 1)).astype(np.uint8)
    return (
        share.argmax(axis=1).astype(np.uint8)
        + CLASSES * doubt
        + np.where(found.converged, 0, FAILED).astype(np.uint8)
    )


def costs(film: Sequence[Frame]) -> tuple[np.ndarray, int, int]:
    """The evaluations in all frames on one log scale, and the fewest and most of those solves that converge.

    cells: (frames, SIDE * SIDE) uint8, 0 for the fewest up to COSTS - 1 for the most and above, plus FAILED.
    """
    nfe, failed = np.stack([frame.nfe for frame in film]), np.stack([frame.cells for frame in film]) >= FAILED
    known = nfe if failed.all() else nfe[~failed]
    low, high = max(1, int(known.min())), max(1, int(known.max()))
    share = np.log(np.maximum(nfe, low) / low) / max(math.log(high / low), 1e-9)
    level = np.round(np.clip(share, 0, 1) * (COSTS - 1)).astype(np.uint8)
    return level + np.where(failed, FAILED, 0).astype(np.uint8), low, high


def plane() -> np.ndarray:
    """(SIDE * SIDE, 2) float32, the middle of each cell of [-2.5, 2.5]^2, row by row from the bottom."""
    middle = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * HALF_WIDTH
    return np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2).astype(np.float32)
