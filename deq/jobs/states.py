"""The film of a run on pictures: where the states of some held-out examples are, and which are read correctly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import jax
import numpy as np

from deq.data import Task
from deq.jobs.film import UNKNOWN, Moment, measured, solves
from deq.models import EquilibriumModel
from deq.models.evaluation import PROBED, Metrics
from deq.models.inference import infer
from deq.training.recipes import Recipe

EXAMPLES = 160  # shown in all, the same number of each class
MOST_MOMENTS = 30  # of a run: for conv they take 2.5 % of its time
SKETCHED = 32  # numbers kept of a state


@dataclass(frozen=True)
class States(Moment):
    """A moment of n held-out examples.

    labels: (n,) int16. right: (n,) bool, whether each is read correctly. sketch: (n, d) float16, d <= SKETCHED: the
    states, or a fixed random projection of them, which changes little about their distances (Johnson, Lindenstrauss
    1984, doi:10.1090/conm/026/737400).
    """

    labels: np.ndarray
    right: np.ndarray
    sketch: np.ndarray


def has_states(task: Task) -> bool:
    """Whether the task is to classify pictures."""
    return task.has_one_label and task.train.x.ndim > 2


def states_at(
    model: EquilibriumModel,
    task: Task,
    recipe: Recipe,
    step: int,
    metrics: Metrics = UNKNOWN,
    radius: float = math.nan,
) -> States:
    """The moment after `step` updates. The solves are compiled already, for `largest_radius`."""
    rows = _rows(task.validation.y)
    labels = np.asarray(task.validation.y)[rows]
    x = np.asarray(task.validation.x)[rows]
    found = infer(model, x, recipe.solver, recipe.gradient, batch_size=PROBED, states=True)
    flat = np.concatenate(
        [np.reshape(leaf, (len(rows), -1)) for leaf in jax.tree.leaves(found.states)], axis=1
    )
    right = found.labels == labels
    return States(
        step, *measured(metrics, radius), *solves(found), labels.astype(np.int16), right, _sketch(flat)
    )


def _rows(y: np.ndarray) -> np.ndarray:
    """The places of the first EXAMPLES / classes examples of each class, class by class."""
    labels = np.asarray(y)
    classes = np.unique(labels)[:EXAMPLES]
    return np.concatenate([np.flatnonzero(labels == k)[: EXAMPLES // len(classes)] for k in classes])


def _sketch(states: np.ndarray) -> np.ndarray:
    """(n, d) -> (n, min(d, SKETCHED)) float16; zero where it is not finite."""
    size = states.shape[1]
    mixed = states if size <= SKETCHED else states @ _mixing(size)
    return np.clip(np.nan_to_num(mixed, posinf=0, neginf=0), -6e4, 6e4).astype(np.float16)


@lru_cache(4)
def _mixing(size: int) -> np.ndarray:
    drawn = np.random.default_rng(0).normal(size=(size, SKETCHED)) / math.sqrt(SKETCHED)
    return drawn.astype(np.float32)


def in_one_plane(film: Sequence[States]) -> np.ndarray:
    """All moments in the plane of the greatest variance at the last sound one: (moments, n, 2) float32.

    The first class is turned to the right and the second, if possible, above it, so that the plane stays the same while
    the run goes on.
    """
    last = next((one for one in reversed(film) if one.is_sound), film[-1])
    middle = last.sketch.astype(np.float32).mean(axis=0)
    _, _, axes = np.linalg.svd(last.sketch - middle, full_matrices=False)
    axes = axes[:2] if len(axes) > 1 else np.stack([axes[0], np.zeros_like(axes[0])])
    first, second = _middles(last, (last.sketch - middle) @ axes.T)
    across = first / max(float(np.linalg.norm(first)), 1e-9)
    up = np.array([-across[1], across[0]])
    turned = np.stack([across, up if second @ up >= 0 else -up]) @ axes
    return (np.stack([one.sketch for one in film]).astype(np.float32) - middle) @ turned.T


def _middles(moment: States, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middles of the first two classes; of one class alone, both are its own."""
    classes = np.unique(moment.labels)
    first, second = (
        places[moment.labels == k].mean(axis=0) for k in (classes[0], classes[min(1, len(classes) - 1)])
    )
    return first, second
