"""The reference equilibrium, in float64 to a tolerance that no float32 solve reaches."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np

from deq.analysis.comparison.problem import Problem, solve_problem, to_float64
from deq.solvers import Anderson, NewtonKrylov, ODEFlow

TOL = 1e-12
# The cheapest first; the next ones continue from its best iterates if samples are unsolved.
RELAY = (
    Anderson(tol=TOL, max_nfe=300),
    NewtonKrylov(tol=TOL, max_nfe=3000, krylov=50),
    ODEFlow(tol=TOL, max_nfe=3000),
)


@dataclass(frozen=True)
class Reference:
    """The reference equilibria z: (batch, ...) float64. converged: (batch,), to 1e-12. classes: (batch,) or None."""

    z: np.ndarray
    converged: np.ndarray
    classes: np.ndarray | None


def find_reference(problem: Problem) -> Reference:
    """z* of every sample in float64 by Anderson, then Newton-Krylov, then the flow, until all have converged."""
    with jax.enable_x64(True):
        wide = to_float64(problem)
        z = wide.z0
        for solver in RELAY:
            found = solve_problem(wide, solver, z)
            z = found.z
            if np.all(np.asarray(found.converged)):
                break
        return Reference(np.asarray(found.z), np.asarray(found.converged), wide.classes(found.z))


def relative_error(z: np.ndarray, reference: Reference) -> np.ndarray:
    """||z - z*|| / ||z*|| of each sample, (batch,); NaN where the reference did not converge."""
    difference = (np.asarray(z, np.float64) - reference.z).reshape(len(reference.z), -1)
    size = np.linalg.norm(reference.z.reshape(len(reference.z), -1), axis=1)
    error = np.linalg.norm(difference, axis=1) / np.where(size > 0, size, 1)
    return np.where(reference.converged, error, np.nan)
