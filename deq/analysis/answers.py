"""A digit reader's answers, each with the way that its solve took."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np

from deq.models import EquilibriumModel
from deq.models.inference import Results, infer
from deq.solvers import Solver

BATCH = 8  # one digit is solved alone, several in batches of this: two shapes, compiled once each
TRACE = 101  # iterates kept of every solve: all of them with a solver's usual budget of 100 evaluations


@dataclass(frozen=True)
class Answer:
    """One digit's way to its answer: class probabilities (10,), and those of every iterate (n, 10).

    nfe, residual: (n,) along the way; the last entries of the solve are `evaluations` and `final_residual`.
    states: (n, ...) the iterates themselves.
    """

    image: np.ndarray
    probabilities: np.ndarray
    paths: np.ndarray
    nfe: np.ndarray
    residual: np.ndarray
    states: np.ndarray
    evaluations: int
    final_residual: float
    converged: bool

    @property
    def label(self) -> int:
        return int(self.probabilities.argmax())

    @property
    def rival(self) -> int:
        """The next most probable class."""
        return int(self.probabilities.argsort()[-2])

    @property
    def confidence(self) -> float:
        return float(self.probabilities.max())

    @property
    def locked(self) -> int:
        """Evaluations after which the most probable class never changed again."""
        classes = self.paths.argmax(1)
        others = np.flatnonzero(classes != self.label)
        return int(self.nfe[min(others[-1] + 1, len(self.nfe) - 1)] if len(others) else self.nfe[0])


def answer_digits(model: EquilibriumModel, images: np.ndarray, solver: Solver) -> list[Answer]:
    """The model's answer to each uint8 image of (n, 28, 28), n > 0."""
    size = 1 if len(images) == 1 else BATCH
    answers: list[Answer] = []
    for start in range(
        0, len(images), size
    ):  # a block at a time: whole traces of many digits would take much memory
        block = images[start : start + size]
        found = infer(model, block[..., None], solver, batch_size=size, trace=TRACE)
        answers += [_answer(image, found, i) for i, image in enumerate(block)]
    return answers


def _answer(image: np.ndarray, found: Results, i: int) -> Answer:
    """Row i, without what lies past the end of its way."""
    trace, paths = jax.tree.map(lambda v: v[i], (found.trace, found.paths))
    seen = np.isfinite(trace.residual)
    seen[0] = True  # the start, were even its residual not finite
    return Answer(
        image,
        found.probabilities[i],
        paths[seen],
        trace.nfe[seen],
        trace.residual[seen],
        trace.z[seen],
        int(found.nfe[i]),
        float(found.residual[i]),
        bool(found.converged[i]),
    )
