"""A plane to draw states in: the first two principal components of a model's equilibria."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Plane:
    """The plane mean + a u + b v of states with n entries, and the equilibria it was fitted to.

    directions: (2, n), orthonormal. explained: (2,) fractions of the variance. points: (m, 2). labels: (m,).
    """

    mean: np.ndarray
    directions: np.ndarray
    explained: np.ndarray
    points: np.ndarray
    labels: np.ndarray

    def project(self, states: np.ndarray) -> np.ndarray:
        """States (k, ...) -> coordinates in the plane (k, 2)."""
        return (states.reshape(len(states), -1) - self.mean) @ self.directions.T


def fit_plane(equilibria: np.ndarray, labels: np.ndarray) -> Plane:
    """The first two principal components of equilibria (m, ...), m >= 3, with labels (m,).

    Hotelling (1933), doi:10.1037/h0071325.
    """
    if len(equilibria) < 3:
        raise ValueError(f"A plane needs three equilibria; found: {len(equilibria)}.")
    states = equilibria.reshape(len(equilibria), -1)
    mean = states.mean(axis=0)
    _, sizes, directions = np.linalg.svd(states - mean, full_matrices=False)
    largest = np.abs(directions[:2]).argmax(axis=1)
    directions = directions[:2] * np.sign(directions[[0, 1], largest])[:, None]  # fix the sign
    explained = sizes[:2] ** 2 / np.sum(sizes**2)
    return Plane(mean, directions, explained, (states - mean) @ directions.T, labels)
