"""The reference: the equilibrium in float64, to a tolerance that no float32 solve reaches."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np

from deq.analysis.comparison.problem import Problem, solve_problem, widen
from deq.solvers import Anderson, NewtonKrylov, ODEFlow

TOL = 1e-12
# The cheap one first; the others take over where it leaves samples unsolved, each from the best so far.
RELAY = (
    Anderson(tol=TOL, max_nfe=300),
    NewtonKrylov(tol=TOL, max_nfe=3000, krylov=50),
    ODEFlow(tol=TOL, max_nfe=3000),
)


@dataclass(frozen=True)
class Reference:
    """z: (batch, ...) float64. residual, converged: (batch,), to 1e-12. classes: (batch,) or None."""

    z: np.ndarray
    residual: np.ndarray
    converged: np.ndarray
    classes: np.ndarray | None


def find_reference(problem: Problem) -> Reference:
    """z* of every sample in float64 by Anderson, then Newton-Krylov, then the flow, until all have converged."""
    with jax.enable_x64(True):
        wide = widen(problem)
        z = wide.z0
        for solver in RELAY:
            found = solve_problem(wide, solver, z)
            z = found.z
            if np.all(np.asarray(found.converged)):
                break
        z, residual, converged = (np.asarray(v) for v in (found.z, found.residual, found.converged))
        return Reference(z, residual, converged, wide.classes(found.z))


def relative_error(z: np.ndarray, reference: Reference) -> np.ndarray:
    """||z - z*|| / ||z*|| of each sample, (batch,); NaN where the reference itself did not converge."""
    difference = (np.asarray(z, np.float64) - reference.z).reshape(len(reference.z), -1)
    size = np.linalg.norm(reference.z.reshape(len(reference.z), -1), axis=1)
    error = np.linalg.norm(difference, axis=1) / np.where(size > 0, size, 1)
    return np.where(reference.converged, error, np.nan)
