"""Which pixels speak for an answer: the evidence differentiated through the equilibrium.

The evidence for a label against a rival is log(p_label / p_rival) in nats, of the model's calibrated probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from deq.gradients import Implicit, Probe
from deq.models import EquilibriumModel
from deq.solvers import Anderson, Solution, Solver


@dataclass(frozen=True)
class Saliency:
    """gradient: d evidence / d pixel, of the image's shape, pixels in 0..1. evidence: the value itself, nats.

    converged: whether both z* and the gradient's own linear solve were found; else the gradient means little.
    """

    gradient: np.ndarray
    evidence: float
    converged: bool


def saliency(
    model: EquilibriumModel,
    image: np.ndarray,
    label: int,
    rival: int,
    solver: Solver,
    gradient: Implicit = Implicit(Anderson(tol=1e-4)),
) -> Saliency:
    """d evidence / d x = (d evidence / dz) (I - df/dz)^{-1} df/dx at z*: the implicit function theorem.

    image: of the model's input shape without the batch, floating in 0..1.
    """
    graphdef, variables = nnx.split(model)
    told = _evidence_gradient(
        graphdef, variables, jax.device_put(image[None]), (label, rival), solver, gradient
    )
    evidence, found, (slope, probe) = jax.device_get(told)
    return Saliency(slope[0], float(evidence), bool(found.converged[0] and probe.converged[0]))


@partial(jax.jit, static_argnums=0)
def _evidence_gradient(
    graphdef: nnx.GraphDef,
    variables: nnx.State,
    x: Array,
    classes: tuple[int, int],
    solver: Solver,
    gradient: Implicit,
) -> tuple[Array, Solution, tuple[Array, Probe]]:
    def evidence(x: Array, probe: Probe) -> tuple[Array, Solution]:
        model = nnx.merge(graphdef, variables)
        outputs, solution = model(x, solver, gradient, probe)
        label, rival = classes
        return jnp.sum(outputs[:, label] - outputs[:, rival]) / model.temperature, solution

    (value, found), slopes = jax.value_and_grad(evidence, (0, 1), has_aux=True)(x, Probe.zeros(len(x)))
    return value, found, slopes
