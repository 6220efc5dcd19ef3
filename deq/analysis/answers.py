"""Predictions of a picture reader, each with the trace of its solve, from the model's start or the last equilibrium."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import jax
import numpy as np

from deq.models import EquilibriumModel
from deq.models.inference import Results, encode, infer
from deq.solvers import Solver

BATCH = 8  # one digit is solved alone, several in batches of 8: two shapes, each compiled once
TRACE = 101  # iterates kept of each solve: with the usual 100 evaluations, all of them


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


@dataclass(frozen=True)
class Followed:
    """One picture solved twice: from the model's own start, and from an earlier equilibrium (None without one)."""

    own: Answer
    warm: Answer | None

    @property
    def agree(self) -> bool:
        """Whether both solves converge on the same class."""
        return bool(
            self.warm and self.own.converged and self.warm.converged and self.own.label == self.warm.label
        )

    @property
    def shown(self) -> Answer:
        """The warm answer if both agree; else the one from the model's own start, which does not depend on the past."""
        return self.warm if self.warm and self.agree else self.own


def follow(model: EquilibriumModel, image: np.ndarray, solver: Solver, last: Answer | None) -> Followed:
    """The prediction for image (28, 28) uint8 from the model's own start, and from the end of `last` if it converged.

    Both are rows of one batch, so that there is one program, which the first picture compiles for the next ones.
    """
    _, start = encode(model, image[None, ..., None])
    before = last.states[-1:] if last and last.converged else None
    z0 = np.concatenate([start, start if before is None else before])
    images = np.stack([image, image])
    found = infer(model, images[..., None], solver, batch_size=2, trace=TRACE, z0=z0)
    own, warm = (_answer(image, found, i) for i in range(2))
    return Followed(own, None if before is None else warm)


def answer_digits(model: EquilibriumModel, images: np.ndarray, solver: Solver) -> list[Answer]:
    """The model's prediction for each image of (n, 28, 28) uint8, n > 0."""
    return list(each_answer(model, images, solver))


def each_answer(model: EquilibriumModel, images: np.ndarray, solver: Solver) -> Iterator[Answer]:
    """The same predictions one at a time, so that a caller can show its progress."""
    size = 1 if len(images) == 1 else BATCH
    for start in range(0, len(images), size):  # in blocks: the traces of many digits take much memory
        block = images[start : start + size]
        found = infer(model, block[..., None], solver, batch_size=size, trace=TRACE)
        yield from (_answer(image, found, i) for i, image in enumerate(block))


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
