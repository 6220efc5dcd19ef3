"""One plane to draw all of a model's states in: the two directions in which its equilibria differ most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA


@dataclass(frozen=True)
class Plane:
    """The plane mean + a u + b v of states with n entries, and the equilibria that it was fitted to.

    directions: (2, n), orthonormal. explained: (2,) fractions of the variance. points: (m, 2). labels: (m,).
    """

    mean: np.ndarray
    directions: np.ndarray
    explained: np.ndarray
    points: np.ndarray
    labels: np.ndarray

    def project(self, states: np.ndarray) -> np.ndarray:
        """States of any shape (k, ...) -> places in the plane (k, 2)."""
        return (states.reshape(len(states), -1) - self.mean) @ self.directions.T


def fit_plane(equilibria: np.ndarray, labels: np.ndarray) -> Plane:
    """The first two principal components of equilibria (m, ...), m >= 3, with labels (m,).

    Hotelling (1933), doi:10.1037/h0071325.
    """
    if len(equilibria) < 3:
        raise ValueError(f"A plane needs three equilibria; {len(equilibria)} were found.")
    states = equilibria.reshape(len(equilibria), -1)
    fitted = PCA(2, svd_solver="randomized", random_state=0).fit(states)
    points = fitted.transform(states)
    return Plane(fitted.mean_, fitted.components_, fitted.explained_variance_ratio_, points, labels)
