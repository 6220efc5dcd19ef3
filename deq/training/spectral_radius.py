"""The spectral radius of a model at work: how near its equilibria are to being lost."""

from __future__ import annotations

import jax
import numpy as np
from flax import nnx
from jax import Array

from deq.gradients.spectrum import spectral_radius
from deq.models import EquilibriumModel
from deq.solvers import Solver

PROBED = 16  # inputs at whose equilibria it is taken


def largest_radius(model: EquilibriumModel, x: np.ndarray, solver: Solver) -> float:
    """The largest spectral radius of df/dz over the equilibria of the first 16 of x: (n, ...); NaN where
    a Jacobian is not finite. Compiled once for a model's structure."""
    injection, z = _equilibria(*nnx.split(model), x[:PROBED], solver)
    try:
        return float(spectral_radius(model.cell, injection, z).max())
    except np.linalg.LinAlgError:
        return float("nan")


@jax.jit(static_argnums=0)
def _equilibria(graph: nnx.GraphDef, variables: nnx.State, x: Array, solver: Solver) -> tuple[Array, Array]:
    model = nnx.merge(graph, variables)
    return model.encode(x), model(x, solver)[1].z
