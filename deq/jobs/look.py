"""Looking at a model while it trains: its answers over the line or the plane, and its spectral radius."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from deq.models import EquilibriumModel
from deq.solvers import Solver, norm
from deq.solvers.base import per_sample
from deq.tasks import HALF_WIDTH, Task

LINE_POINTS = 241
PLANE_SIDE = 48
PLANE_HALF_WIDTH = 2.5
PROBED = 16  # inputs at whose equilibria the spectral radius is taken
SETTLE, MEASURE = 20, 40  # products with the Jacobian before and while its growth is measured


@dataclass(frozen=True)
class Look:
    """A model's answers on a grid of inputs.

    x: (n, 1) or (n, 2) inputs; answer: (n,) the output, or the probability of class 1. nfe, converged: (n,).
    """

    x: np.ndarray
    answer: np.ndarray
    nfe: np.ndarray
    converged: np.ndarray


def look_at(model: EquilibriumModel, task: Task, solver: Solver) -> Look | None:
    """The model's answers over [-3, 3] or the square of side 5; None for inputs that are no number or point."""
    shape = task.train.x.shape[1:]
    if shape not in ((1,), (2,)):
        return None
    x = line() if shape == (1,) else plane()
    outputs, nfe, converged = jax.device_get(_answers(*nnx.split(model), x, solver))
    answer = _softmax(outputs)[:, 1] if task.has_labels else outputs[:, 0]
    return Look(x, answer, nfe, converged)


def line() -> np.ndarray:
    """(241, 1) inputs, even on [-3, 3]."""
    return np.linspace(-HALF_WIDTH, HALF_WIDTH, LINE_POINTS, dtype=np.float32)[:, None]


def plane() -> np.ndarray:
    """(48 * 48, 2) inputs, row by row from the bottom."""
    side = np.linspace(-PLANE_HALF_WIDTH, PLANE_HALF_WIDTH, PLANE_SIDE, dtype=np.float32)
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


def spectral_radius(model: EquilibriumModel, x: np.ndarray, solver: Solver) -> float:
    """The largest |eigenvalue| of df/dz over the equilibria of x: (n, ...); NaN where none is finite.

    From the growth of J^k v, (||J^60 v|| / ||J^20 v||)^(1/40): it needs no matrix and holds for complex
    pairs too, whose Rayleigh quotient turns in circles; a few per cent off where eigenvalues are close.
    """
    radii = np.asarray(_radii(*nnx.split(model), x[:PROBED], solver))
    radii = radii[np.isfinite(radii)]
    return float(radii.max()) if radii.size else float("nan")


@jax.jit(static_argnums=0)
def _answers(graph: nnx.GraphDef, variables: nnx.State, x: Array, solver: Solver) -> tuple[Array, ...]:
    outputs, solution = nnx.merge(graph, variables)(x, solver)
    return outputs, solution.nfe, solution.converged


@jax.jit(static_argnums=0)
def _radii(graph: nnx.GraphDef, variables: nnx.State, x: Array, solver: Solver) -> Array:
    model = nnx.merge(graph, variables)
    injection = model.encode(x)
    _, solution = model(x, solver)
    _, derivative = jax.linearize(lambda z: model.cell(z, injection), solution.z)
    v, _ = _grow(derivative, jax.random.normal(jax.random.key(0), solution.z.shape), SETTLE)
    _, log_growth = _grow(derivative, v, MEASURE)
    return jnp.exp(log_growth / MEASURE)


def _grow(derivative: Callable[[Array], Array], v: Array, count: int) -> tuple[Array, Array]:
    """Apply J count times, rescaled each time: the last unit vector and log ||J^count v|| - log ||v||, (n,)."""

    def once(carry: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
        v, log_growth = carry
        v = derivative(v)
        size = norm(v)
        v = v / per_sample(jnp.where(size > 0, size, 1), v)
        return (v, log_growth + jnp.log(size)), None

    v = v / per_sample(norm(v), v)
    return jax.lax.scan(once, (v, jnp.zeros(len(v))), length=count)[0]


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
