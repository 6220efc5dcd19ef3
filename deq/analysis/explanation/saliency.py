"""Which pixels support a prediction: the gradient of the evidence through the equilibrium.

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
    """The saliency of one picture. gradient: d evidence / d pixel, in nats for full ink. evidence: in nats.

    converged: whether both the forward and the backward solve did; otherwise the gradient means little.
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

    image: of the model's input shape without the batch, float in 0..1.
    """
    graphdef, variables = nnx.split(model.uncalibrated())
    x = jax.device_put(image[None])
    result = _evidence_gradient(graphdef, variables, x, (label, rival), solver, gradient)
    evidence, found, (slope, probe) = jax.device_get(result)
    evidence, slope = evidence / model.temperature, slope / model.temperature
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
        return jnp.sum(outputs[:, label] - outputs[:, rival]), solution

    (value, found), slopes = jax.value_and_grad(evidence, (0, 1), has_aux=True)(x, Probe.zeros(len(x)))
    return value, found, slopes
