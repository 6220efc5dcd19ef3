"""The spectral radius of a model at work: how near its equilibria are to being lost."""

from __future__ import annotations

import jax
import numpy as np

from deq.gradients.spectrum import spectral_radius
from deq.models import EquilibriumModel
from deq.models.inference import encode, infer
from deq.solvers import Solver

PROBED = 16  # inputs at whose equilibria it is taken


def largest_radius(model: EquilibriumModel, x: np.ndarray, solver: Solver) -> float:
    """The largest spectral radius of df/dz over the equilibria of the first 16 of x: (n, ...); NaN where
    a Jacobian is not finite. Compiled once for a model's structure."""
    few = x[:PROBED]
    (injection, _), z = encode(model, few), infer(model, few, solver, batch_size=len(few), states=True).states
    try:
        return float(spectral_radius(model.cell, injection, jax.device_put(z)).max())
    except np.linalg.LinAlgError:
        return float("nan")
