"""Predictions of a digit reader, each with the trace of its solve."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np

from deq.models import EquilibriumModel
from deq.models.inference import Results, infer
from deq.solvers import Solver

BATCH = 8  # one digit is solved alone, several in batches of 8: two shapes, each compiled once
TRACE = 101  # iterates kept of each solve: all of them with the usual 100 evaluations


@dataclass(frozen=True)
class Answer:
    """The prediction for one digit. probabilities: (10,), of the classes; paths: (n, 10), those of each iterate.

    nfe, residual: (n,) of each iterate; `evaluations` and `final_residual` are those of the whole solve.
    states: (n, ...) the iterates. error: the estimated ||z - z*|| / ||z|| at its end, NaN where unknown.
    """

    image: np.ndarray
    probabilities: np.ndarray
    paths: np.ndarray
    nfe: np.ndarray
    residual: np.ndarray
    states: np.ndarray
    evaluations: int
    final_residual: float
    error: float
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
        """Evaluations after which the most probable class no longer changed."""
        classes = self.paths.argmax(1)
        others = np.flatnonzero(classes != self.label)
        return int(self.nfe[min(others[-1] + 1, len(self.nfe) - 1)] if len(others) else self.nfe[0])


def answer_digits(model: EquilibriumModel, images: np.ndarray, solver: Solver) -> list[Answer]:
    """The model's prediction for each image of (n, 28, 28) uint8, n > 0."""
    size = 1 if len(images) == 1 else BATCH
    answers: list[Answer] = []
    for start in range(0, len(images), size):  # in blocks: the traces of many digits take much memory
        block = images[start : start + size]
        found = infer(model, block[..., None], solver, batch_size=size, trace=TRACE)
        answers += [_answer(image, found, i) for i, image in enumerate(block)]
    return answers


def _answer(image: np.ndarray, found: Results, i: int) -> Answer:
    """Row i, without the entries past the end of its trace."""
    trace, paths = jax.tree.map(lambda v: v[i], (found.trace, found.paths))
    seen = np.isfinite(trace.residual)
    seen[0] = True  # keep the start even if its residual is not finite
    return Answer(
        image,
        found.probabilities[i],
        paths[seen],
        trace.nfe[seen],
        trace.residual[seen],
        trace.z[seen],
        int(found.nfe[i]),
        float(found.residual[i]),
        float(found.error[i]),
        bool(found.converged[i]),
    )
