"""A digit reader's answers, each with the way that its solve took."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from deq.checkpoints import Checkpoint
from deq.evaluation import predict
from deq.solvers import Solution, Solver
from pages.ui.models import SessionModel

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


@dataclass(frozen=True)
class Case:
    """What the views look into: one answer, the true label where it is known, and who gave it by which solver."""

    answer: Answer
    truth: int | None
    chosen: Checkpoint | SessionModel
    solver_name: str
    solver: Solver


def answers(images: np.ndarray, chosen: Checkpoint | SessionModel, solver: Solver) -> list[Answer]:
    """The model's answer to each uint8 image of (n, 28, 28)."""
    result: list[Answer] = []
    size = 1 if len(images) == 1 else BATCH
    for start in range(0, len(images), size):
        rows = np.minimum(np.arange(start, start + size), len(images) - 1)  # the last batch is filled up
        block = images[start : start + size]
        probabilities, solution = predict(chosen.model, jnp.asarray(images[rows][..., None]), solver, TRACE)
        paths = chosen.model.probabilities(solution.trace.z.reshape(-1, *solution.z.shape[1:]))
        told = jax.device_get((probabilities, paths.reshape(size, TRACE, -1), solution))
        result += [_answer(image, i, *told) for i, image in enumerate(block)]
    return result


def _answer(image: np.ndarray, i: int, probabilities: np.ndarray, paths: np.ndarray, sol: Solution) -> Answer:
    """Row i of a solved batch."""
    seen = np.isfinite(sol.trace.residual[i])
    way = paths[i][seen], sol.trace.nfe[i][seen], sol.trace.residual[i][seen], sol.trace.z[i][seen]
    return Answer(
        image, probabilities[i], *way, int(sol.nfe[i]), float(sol.residual[i]), bool(sol.converged[i])
    )
