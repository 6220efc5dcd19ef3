"""Data of the Predict page's views: the answer, the results on the test set, and reference equilibria."""

from dataclasses import dataclass

import numpy as np

from deq.analysis.answers import Answer
from deq.analysis.explanation.plane import Plane, fit_plane
from deq.data import held_out_digits
from deq.models.inference import Results, infer
from deq.solvers import Solver
from pages.ui.readers.model import ModelInUse
from pages.ui.server.caches import cached, queued

NO_DIGITS = "it is made from digits, and this model was trained on other classes."


@dataclass(frozen=True)
class Case:
    """One answer, the true label if known, and the model and solver that gave it."""

    answer: Answer
    truth: int | None
    chosen: ModelInUse
    solver_name: str
    solver: Solver


@dataclass(frozen=True)
class Landmarks:
    """A plane to draw a model's states in, and one equilibrium of each class.

    equilibria: (classes, ...). labels: (classes,).
    """

    plane: Plane
    equilibria: np.ndarray
    labels: np.ndarray


@queued(cached(16, "Solving the whole test set"))
def results_of(chosen: ModelInUse) -> Results:
    """The model's results on all test digits, by the solver that it was measured with; about a second."""
    return infer(chosen.model, held_out_digits().test_images, chosen.solver)


@cached(16, "Solving training digits")
def landmarks_of(chosen: ModelInUse) -> Landmarks:
    """From the first 500 training digits. Raises ValueError if too few solves converge."""
    digits = held_out_digits()
    found = infer(chosen.model, digits.train_images, chosen.solver, states=True)
    assert found.states is not None
    states, labels = found.states[found.converged], digits.train_labels[found.converged]
    classes, first = np.unique(labels, return_index=True)
    return Landmarks(fit_plane(states, labels), states[first], classes)
