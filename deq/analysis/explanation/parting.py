"""How the states of many digits separate with depth, in the plane of two principal components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deq.analysis.explanation.plane import Plane, fit_plane
from deq.models import EquilibriumModel
from deq.models.inference import infer
from deq.solvers import Solver

TRACE = 80  # iterates kept of each solve
DEPTHS = 16  # shown, closer together at first
BATCH = 100  # examples whose iterates are held at a time


@dataclass(frozen=True)
class Parting:
    """States of n examples at several depths.

    depth: (k,) evaluations of f. places: (k, n, 2) in the plane of their equilibria. correct: (k, n) whether the
    answer read at that depth is right. labels: (n,). explained: fractions of the variance.
    """

    depth: np.ndarray
    places: np.ndarray
    correct: np.ndarray
    labels: np.ndarray
    explained: tuple[float, float]

    @property
    def right(self) -> np.ndarray:
        """(k,): the share of answers that are right when read at each depth."""
        return self.correct.mean(axis=1)


def parting(model: EquilibriumModel, x: np.ndarray, labels: np.ndarray, solver: Solver) -> Parting:
    """Follow the examples (n, ...) from their start to their equilibrium; one that has arrived stays there.

    Raises ValueError if fewer than three solves converge.
    """
    ends = infer(model, x, solver, states=True)
    assert ends.states is not None
    solved = ends.converged
    plane = fit_plane(ends.states[solved], labels[solved])
    x, labels = x[solved], labels[solved]
    paths = [_paths(model, x[i : i + BATCH], solver, plane) for i in range(0, len(x), BATCH)]
    nfe, places, answers = (np.concatenate(parts) for parts in zip(*paths, strict=True))
    depth = _depths(nfe)
    # For each depth and example the last iterate that took no more evaluations.
    last = np.maximum((nfe[None] <= depth[:, None, None]).sum(axis=2) - 1, 0)
    rows = np.arange(len(labels))
    correct = answers[rows, last] == labels
    explained = float(plane.explained[0]), float(plane.explained[1])
    return Parting(depth, places[rows, last], correct, labels, explained)


def _paths(
    model: EquilibriumModel, x: np.ndarray, solver: Solver, plane: Plane
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Evaluations (n, TRACE), inf past the end, places (n, TRACE, 2) and answers (n, TRACE) of each iterate."""
    found = infer(model, x, solver, batch_size=BATCH, trace=TRACE)
    assert found.trace is not None
    assert found.paths is not None
    states = np.asarray(found.trace.z)
    places = plane.project(states.reshape(-1, *states.shape[2:])).reshape(*states.shape[:2], 2)
    nfe = np.where(np.isnan(found.trace.residual), np.inf, found.trace.nfe)
    return nfe, places, found.paths.argmax(axis=2)


def _depths(nfe: np.ndarray) -> np.ndarray:
    """At most DEPTHS of the evaluations at which any example has an iterate, from the first to the last."""
    known = np.unique(nfe[np.isfinite(nfe)])
    if len(known) <= DEPTHS:
        return known
    return known[np.unique(np.geomspace(1, len(known), DEPTHS).round().astype(int)) - 1]
