"""Other starts: does the same picture lead to the same equilibrium from wherever the solve begins?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from deq.models import EquilibriumModel
from deq.solvers import Solution, Solver, solve


@dataclass(frozen=True)
class Ends:
    """One picture solved from m starts; row 0 is the model's own.

    states: (m, trace, ...) iterates, NaN past the end. distance: (m,) ||z - z_0|| / ||z_0|| of where they end.
    labels, nfe, converged: (m,).
    """

    states: np.ndarray
    distance: np.ndarray
    labels: np.ndarray
    nfe: np.ndarray
    converged: np.ndarray

    @property
    def agree(self) -> np.ndarray:
        """Whether a start led to the same label as the model's own, both at an equilibrium, (m,)."""
        return self.converged & self.converged[0] & (self.labels == self.labels[0])


def solve_from(
    model: EquilibriumModel, image: np.ndarray, starts: np.ndarray, solver: Solver, trace: int = 64
) -> Ends:
    """Solve for image (28, 28) uint8 from the model's own start and from each of starts (m, ...)."""
    graphdef, variables = nnx.split(model)
    told = _solve_from(graphdef, variables, jax.device_put(image[None, ..., None]), starts, solver, trace)
    scores, sol = jax.device_get(told)
    ends = sol.z.reshape(len(sol.z), -1)
    distance = np.linalg.norm(ends - ends[0], axis=1) / max(float(np.linalg.norm(ends[0])), 1e-30)
    return Ends(sol.trace.z, distance, scores.argmax(axis=1), sol.nfe, sol.converged)


@partial(jax.jit, static_argnums=(0, 5))
def _solve_from(
    graphdef: nnx.GraphDef, variables: nnx.State, x: Array, starts: Array, solver: Solver, trace: int
) -> tuple[Array, Solution]:
    model = nnx.merge(graphdef, variables)
    injection = model.encode(x)
    z0 = jnp.concatenate([model.start(injection), starts])
    injections = jnp.repeat(injection, len(z0), axis=0)
    found = solve(lambda z: model.cell(z, injections), z0, solver, trace=trace)
    return model.head(found.z), found


def noise_starts(equilibria: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Normal noise (count, ...) with the mean and spread of equilibria (m, ...)."""
    shape = (count, *equilibria.shape[1:])
    noise = np.random.default_rng(seed).normal(equilibria.mean(), equilibria.std(), shape)
    return noise.astype(equilibria.dtype)
