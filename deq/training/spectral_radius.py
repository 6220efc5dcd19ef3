"""The spectral radius of df/dz at a model's equilibria; towards 1, they are about to be lost."""

from __future__ import annotations

import jax
import numpy as np

from deq.gradients.spectrum import spectral_radius
from deq.models import EquilibriumModel
from deq.models.inference import encode, infer
from deq.solvers import Solver

PROBED = 16  # number of inputs


def largest_radius(model: EquilibriumModel, x: np.ndarray, solver: Solver) -> float:
    """The largest spectral radius of df/dz at the equilibria of the first 16 of x: (n, ...); NaN if a Jacobian
    is not finite. Compiled once per model structure."""
    few = x[:PROBED]
    (injection, _), z = encode(model, few), infer(model, few, solver, batch_size=len(few), states=True).states
    try:
        return float(spectral_radius(model.cell, injection, jax.device_put(z)).max())
    except np.linalg.LinAlgError:
        return float("nan")
