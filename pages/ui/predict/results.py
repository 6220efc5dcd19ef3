"""What the views of the predict page look into: the answer, the whole test set, and landmarks among the states."""

from dataclasses import dataclass

import numpy as np

from deq.analysis.answers import Answer
from deq.analysis.explanation import Plane, fit_plane
from deq.data import held_out_digits
from deq.models.inference import Results, infer
from deq.solvers import Solver
from pages.ui.readers.model import ModelInUse
from pages.ui.server.caches import kept


@dataclass(frozen=True)
class Case:
    """One answer, the true label where it is known, and who gave it by which solver."""

    answer: Answer
    truth: int | None
    chosen: ModelInUse
    solver_name: str
    solver: Solver


@dataclass(frozen=True)
class Landmarks:
    """What a model's states are seen against: a plane to draw them in, and one equilibrium of each class.

    equilibria: (classes, ...). labels: (classes,).
    """

    plane: Plane
    equilibria: np.ndarray
    labels: np.ndarray


@kept(16, "Reading the whole test set")
def results_of(chosen: ModelInUse) -> Results:
    """The model's answers to all test digits, by the solver that it was measured with; about a second."""
    return infer(chosen.model, held_out_digits().test_images, chosen.solver)


@kept(16, "Finding the equilibria of training digits")
def landmarks_of(chosen: ModelInUse) -> Landmarks:
    """From the first 500 training digits. Raises ValueError where hardly a solve converges."""
    digits = held_out_digits()
    found = infer(chosen.model, digits.train_images, chosen.solver, states=True)
    assert found.states is not None
    states, labels = found.states[found.converged], digits.train_labels[found.converged]
    classes, first = np.unique(labels, return_index=True)
    return Landmarks(fit_plane(states, labels), states[first], classes)
