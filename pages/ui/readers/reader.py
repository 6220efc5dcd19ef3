"""Asking a digit reader, with the way that each of its solves took."""

import jax
import numpy as np

from deq.models.checkpoints import Checkpoint
from deq.models.evaluation import predict, probabilities
from deq.solvers import Solution, Solver
from pages.ui.readers.answer import Answer
from pages.ui.readers.models import SessionModel

BATCH = 8  # one digit is solved alone, several in batches of this: two shapes, compiled once each
TRACE = 101  # iterates kept of every solve: all of them with a solver's usual budget of 100 evaluations


def answers(images: np.ndarray, chosen: Checkpoint | SessionModel, solver: Solver) -> list[Answer]:
    """The model's answer to each uint8 image of (n, 28, 28)."""
    result: list[Answer] = []
    size = 1 if len(images) == 1 else BATCH
    for start in range(0, len(images), size):
        rows = np.minimum(np.arange(start, start + size), len(images) - 1)  # the last batch is filled up
        block = images[start : start + size]
        shown = jax.device_put(images[rows][..., None])
        last, solution = jax.device_get(predict(chosen.model, shown, solver, TRACE))
        states = solution.trace.z.reshape(-1, *solution.z.shape[1:])
        paths = np.asarray(probabilities(chosen.model, jax.device_put(states))).reshape(size, TRACE, -1)
        result += [_answer(image, i, last, paths, solution) for i, image in enumerate(block)]
    return result


def _answer(image: np.ndarray, i: int, probabilities: np.ndarray, paths: np.ndarray, sol: Solution) -> Answer:
    """Row i of a solved batch."""
    seen = np.isfinite(sol.trace.residual[i])
    seen[0] = True  # the start, were even its residual not finite
    way = paths[i][seen], sol.trace.nfe[i][seen], sol.trace.residual[i][seen], sol.trace.z[i][seen]
    return Answer(
        image, probabilities[i], *way, int(sol.nfe[i]), float(sol.residual[i]), bool(sol.converged[i])
    )
