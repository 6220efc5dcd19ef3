"""Why a solver converges or not: the eigenvalues of df/dz at the equilibrium."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from deq.analysis.comparison.problem import Problem
from deq.analysis.comparison.reference import Reference
from deq.gradients.spectrum import EXACT_SIZE, jacobian_eigenvalues, ritz_values

SAMPLES = 16  # one eigenvalue problem each


@dataclass(frozen=True)
class Spectrum:
    """The spectrum of each sample.

    eigenvalues: (samples, n) complex, of df/dz at z*. converged: (samples,), whether z* is an equilibrium.
    """

    eigenvalues: np.ndarray
    converged: np.ndarray

    @property
    def radius(self) -> np.ndarray:
        """Largest |λ| of each sample: the asymptotic factor per step of Picard's error."""
        return np.abs(self.eigenvalues).max(axis=1)

    def damped_radius(self, damping: float) -> np.ndarray:
        """Largest |1 - damping + damping λ| of each sample: the same for damped Picard."""
        return np.abs(1 - damping + damping * self.eigenvalues).max(axis=1)

    @property
    def abscissa(self) -> np.ndarray:
        """Largest Re λ of each sample: below 1 the flow converges, as exp((Re λ - 1) t)."""
        return self.eigenvalues.real.max(axis=1)


def find_spectrum(problem: Problem, reference: Reference, samples: int = SAMPLES) -> Spectrum:
    """Eigenvalues of df/dz at the reference for the first `samples`; for large states, the outermost 60."""
    z = jax.device_put(reference.z[:samples].astype(problem.z0.dtype))
    outermost = problem.dimension > EXACT_SIZE
    find = ritz_values if outermost else jacobian_eigenvalues
    values = find(problem.model.cell, np.asarray(problem.injection)[:samples], z)
    return Spectrum(values, reference.converged[:samples])


def polynomial_factor(eigenvalues: np.ndarray, memory: int) -> float:
    """A local bound on the factor by which `memory` + 1 evaluations of Anderson(memory) shrink the residual.

    min over polynomials p of degree `memory` with p(0) = 1 of max |p(1 - λ)|: the bound of restarted GMRES for
    a normal Jacobian, by Lawson's reweighted least squares. eigenvalues: (n,). A factor near 1: it stalls.
    Toth & Kelley (2015), doi:10.1137/130919398; Lawson (1961).
    """
    points = 1 - np.asarray(eigenvalues, complex)
    scale = np.abs(points).max()
    powers = (points[:, None] / max(scale, 1e-30)) ** np.arange(1, memory + 1)
    weights, best = np.full(len(points), 1 / len(points)), 1.0
    for _ in range(60):
        root = np.sqrt(weights)
        coefficients, *_ = np.linalg.lstsq(root[:, None] * powers, -root, rcond=None)
        size = np.abs(1 + powers @ coefficients)
        best = min(best, float(size.max()))
        if size.max() < 1e-12:
            break
        weights = weights * size / np.sum(weights * size)
    return best


def spectrum_table(spectrum: Spectrum, damping: float) -> dict[str, list[Any]]:
    """One row per sample: the three deciding numbers, and which methods converge."""
    damped = spectrum.damped_radius(damping)
    return {
        "sample": list(range(len(spectrum.eigenvalues))),
        "spectral radius": spectrum.radius.tolist(),
        "damped radius": damped.tolist(),
        "largest Re λ": spectrum.abscissa.tolist(),
        "Picard": (spectrum.radius < 1).tolist(),
        "damped Picard": (damped < 1).tolist(),
        "ODE flow": (spectrum.abscissa < 1).tolist(),
    }
