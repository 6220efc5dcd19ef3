"""A digit reader's answers, each with the way that its solve took."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from deq.checkpoints import Checkpoint
from deq.evaluation import predict
from deq.solvers import Solution, Solver
from pages.ui.models import SessionModel

BATCH = 8  # one shape, compiled once; more digits go in several batches
TRACE = 64  # iterates kept of every solve


@dataclass(frozen=True)
class Answer:
    """One digit's way to its answer: class probabilities (10,), and those of every iterate (n, 10).

    nfe, residual: (n,) along the way; the last entries of the solve are `evaluations` and `final_residual`.
    """

    image: np.ndarray
    probabilities: np.ndarray
    paths: np.ndarray
    nfe: np.ndarray
    residual: np.ndarray
    evaluations: int
    final_residual: float
    converged: bool

    @property
    def label(self) -> int:
        return int(self.probabilities.argmax())

    @property
    def locked(self) -> int:
        """Evaluations after which the most probable class never changed again."""
        classes = self.paths.argmax(1)
        others = np.flatnonzero(classes != self.label)
        return int(self.nfe[min(others[-1] + 1, len(self.nfe) - 1)] if len(others) else self.nfe[0])


def answers(images: np.ndarray, chosen: Checkpoint | SessionModel, solver: Solver) -> list[Answer]:
    """The model's answer to each uint8 image of (n, 28, 28)."""
    result: list[Answer] = []
    for start in range(0, len(images), BATCH):
        block = images[start : start + BATCH]
        filled = np.zeros((BATCH, 28, 28, 1), np.uint8)
        filled[: len(block), ..., 0] = block
        probabilities, solution = predict(chosen.model, jnp.asarray(filled), solver, TRACE)
        paths = jax.nn.softmax(chosen.model.head(solution.trace.z.reshape(-1, *solution.z.shape[1:])))
        told = jax.device_get((probabilities, paths.reshape(BATCH, TRACE, -1), solution))
        result += [_answer(image, i, *told) for i, image in enumerate(block)]
    return result


def _answer(image: np.ndarray, i: int, probabilities: np.ndarray, paths: np.ndarray, sol: Solution) -> Answer:
    """Row i of a solved batch."""
    seen = np.isfinite(sol.trace.residual[i])
    way = paths[i][seen], sol.trace.nfe[i][seen], sol.trace.residual[i][seen]
    return Answer(
        image, probabilities[i], *way, int(sol.nfe[i]), float(sol.residual[i]), bool(sol.converged[i])
    )
