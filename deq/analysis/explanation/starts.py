"""Solve for one picture from other starts: is the equilibrium the same?"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np

from deq.models import EquilibriumModel
from deq.models.inference import encode, read_out, solve_cell
from deq.solvers import Solver


@dataclass(frozen=True)
class Ends:
    """One picture solved from m starts; row 0 is the model's own.

    states: (m, trace, ...) iterates, NaN past the end. distance: (m,), ||z - z_0|| / ||z_0|| of the final states.
    labels, converged: (m,).
    """

    states: np.ndarray
    distance: np.ndarray
    labels: np.ndarray
    converged: np.ndarray

    @property
    def agree(self) -> np.ndarray:
        """(m,) bool: the same label as from the model's own start, both solves converged."""
        return self.converged & self.converged[0] & (self.labels == self.labels[0])


def solve_from(
    model: EquilibriumModel, image: np.ndarray, starts: np.ndarray, solver: Solver, trace: int = 64
) -> Ends:
    """Solve for image (28, 28) uint8 from the model's own start and from each of starts (m, ...)."""
    injection, own = encode(model, image[None, ..., None])
    z0 = np.concatenate([own, starts])
    injections = np.repeat(injection, len(z0), axis=0)
    sol = jax.device_get(solve_cell(model.cell, injections, z0, solver, trace))
    labels = np.asarray(read_out(model, sol.z)).argmax(axis=1)
    ends = sol.z.reshape(len(sol.z), -1)
    distance = np.linalg.norm(ends - ends[0], axis=1) / max(float(np.linalg.norm(ends[0])), 1e-30)
    return Ends(sol.trace.z, distance, labels, sol.converged)


def noise_starts(equilibria: np.ndarray, count: int) -> np.ndarray:
    """Normal noise (count, ...) with the mean and standard deviation of equilibria (m, ...)."""
    shape = (count, *equilibria.shape[1:])
    noise = np.random.default_rng(0).normal(equilibria.mean(), equilibria.std(), shape)
    return noise.astype(equilibria.dtype)
