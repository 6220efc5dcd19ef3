"""Train the toy and study it: its predictions, its iterates, and the slope that it learned."""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from deq.data import double
from deq.gradients import Implicit
from deq.gradients.spectrum import jacobian
from deq.models import EquilibriumModel, build
from deq.models.inference import encode, solve_cell
from deq.solvers import Anderson, Picard
from deq.training.events import Finished, Progress
from deq.training.loop import fit
from deq.training.recipes import RECIPES

BEST_SLOPE = 2 / 3  # z = s (z + x) has z* = s x / (1 - s), which is 2x for s = 2/3
TRAINED_ON = np.arange(1.0, 11.0, dtype=np.float32)  # x = 1 to 10
OUTSIDE = np.array([-10, -7.5, -5, -2.5, 0, 12.5, 15], np.float32)
STEPS_KEPT = 60
SHORT = 200  # steps: up to this many, the loss of every update is kept; in longer runs, the mean of every ten

# The recipe's solver with a memory of one, which is enough for a state of one number. XLA runs programs whose arrays
# all have at most 512 bytes on one thread: an update takes a third of the time.
SECANT = Anderson(tol=1e-5, max_nfe=50, memory=1)
SOLVER = Picard(tol=1e-5, max_nfe=STEPS_KEPT)


@dataclass(frozen=True)
class ToyStudy:
    """A trained toy as plain arrays. x, prediction, residual, converged, nfe: (n,); values: (n, 60), NaN past the end.

    values[i, k]: z of input i after k applications of the cell, which is the line f(z, x) = slope (z + x) + shift.
    """

    x: np.ndarray
    prediction: np.ndarray
    residual: np.ndarray
    converged: np.ndarray
    nfe: np.ndarray
    values: np.ndarray
    slope: float
    shift: float

    def cell(self, z: ArrayLike, x: float) -> np.ndarray:
        """f(z, x) for any z, in float64."""
        return self.slope * (np.asarray(z, float) + x) + self.shift

    def at(self, x: float) -> float:
        """The prediction for an input in `x`."""
        return float(self.prediction[np.flatnonzero(self.x == x)[0]])


@dataclass(frozen=True)
class ToyRun:
    """One training run as plain arrays: the study of the trained model, and its loss (n,) after `step` (n,) updates."""

    study: ToyStudy
    step: np.ndarray
    loss: np.ndarray


def train_toy(seed: int, steps: int) -> ToyRun:
    """Train y = 2x from fresh weights with the toy's recipe, solved by `SECANT`. steps: a multiple of 10."""
    recipe = replace(RECIPES["toy"], solver=SECANT, gradient=Implicit(SECANT), epochs=steps)
    recipe = replace(recipe, steps_per_call=10 if steps % 100 else 100)
    losses: list[float] = []
    for event in fit(build("toy", seed), double(), recipe, seed=seed):
        if isinstance(event, Progress):
            losses.extend(np.asarray(event.health.losses))
        elif isinstance(event, Finished):
            study = study_toy(event.model)
    every = 1 if steps <= SHORT else 10
    means = np.array(losses, float).reshape(-1, every).mean(axis=1)
    return ToyRun(study, np.arange(every, len(losses) + 1, every), means)


def study_toy(model: EquilibriumModel) -> ToyStudy:
    """Solve for x from -10 to 15 by plain iteration, and measure the slope and the shift of the cell.

    The cell is affine: plain iteration converges exactly when its slope lies between -1 and 1.
    """
    x = np.sort(np.concatenate([TRAINED_ON, OUTSIDE]))[:, None]
    injection, start = encode(model, x)
    solution = jax.device_get(solve_cell(model.cell, injection, start, SOLVER, STEPS_KEPT))
    slope = jacobian(model.cell, injection[:1], start[:1])
    shift = model.cell(jnp.zeros((1, 1)), jnp.zeros((1, 1)))
    found = (solution.z[:, 0], solution.residual, solution.converged, solution.nfe)
    values = solution.trace.z[..., 0]
    return ToyStudy(x[:, 0], *found, values=values, slope=float(slope[0, 0, 0]), shift=float(shift[0, 0]))
