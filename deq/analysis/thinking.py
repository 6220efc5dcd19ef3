"""How an answer with many places forms, call by call, and up to which size it is right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from deq.analysis.path_independence import PathIndependence, path_independence
from deq.data import PUZZLES
from deq.gradients.function import pure
from deq.models import EquilibriumModel
from deq.models.inference import encode
from deq.solvers import Solution, Solver
from deq.solvers.loop import run


@dataclass(frozen=True)
class Thought:
    """A model's answers to n puzzles after each call.

    answers: (n, calls, ...) the answer after each call, uint8; a finished sample keeps its last one. state:
    (n, ...) where the solves ended, for a warm start. nfe, residual, converged: (n,) of the solves. calls: (calls,)
    how many calls each answer took.
    """

    answers: np.ndarray
    calls: np.ndarray
    state: np.ndarray
    nfe: np.ndarray
    residual: np.ndarray
    converged: np.ndarray

    @property
    def settled(self) -> np.ndarray:
        """The number of calls after which each place keeps its answer: (n, ...)."""
        final = self.answers[:, -1:]
        apart = (self.answers != final)[:, ::-1]
        last = np.where(apart.any(axis=1), apart.shape[1] - np.argmax(apart, axis=1), 0)
        return self.calls[np.minimum(last, len(self.calls) - 1)]


def think(model: EquilibriumModel, x: np.ndarray, solver: Solver, z0: np.ndarray | None = None) -> Thought:
    """Solve for puzzles x (n, ...) and read the answer after each call; from the states z0, or the model's start."""
    injection, start = encode(model, x)
    most = int(solver.max_nfe)
    found = jax.device_get(_solve(model, injection, start if z0 is None else jnp.asarray(z0), solver, most))
    kept = int((~np.isnan(found.trace.residual)).sum(axis=1).max())
    last = np.asarray(_answer(model, jnp.asarray(found.z)))
    over = np.isnan(found.trace.residual[:, :kept]).reshape(len(x), kept, *[1] * (last.ndim - 1))
    answers = np.where(over, last[:, None], found.trace.z[:, :kept])
    answers[:, -1] = last
    calls = found.trace.nfe[:, :kept].max(axis=0)
    return Thought(answers, calls, found.z, found.nfe, found.residual, found.converged)


@partial(jax.jit, static_argnames="most")
def _solve(model: EquilibriumModel, injection: Array, z0: Array, solver: Solver, most: int) -> Solution:
    function, variables = pure(model.cell, injection, z0)
    return run(
        lambda z: function(variables, z, injection), z0, solver, trace=most, seen=partial(_answer, model)
    )


@jax.jit
def _answer(model: EquilibriumModel, z: Array) -> Array:
    return jnp.argmax(model.read(z), axis=-1).astype(jnp.uint8)


def reach(
    model: EquilibriumModel, name: str, sizes: list[int], calls: list[int], count: int = 50
) -> np.ndarray:
    """The share of puzzles of each size that are right in all places after these numbers of calls: (sizes, calls)."""
    drawn = (PUZZLES[name][0](count, size, 2) for size in sizes)
    return np.stack([_right_after(model, x, y, jnp.asarray(calls), max(calls)) for x, y in drawn])


@partial(jax.jit, static_argnames="most")
def _right_after(model: EquilibriumModel, x: Array, y: Array, calls: Array, most: int) -> Array:
    injection = model.encode(x)

    def step(z: Array, _: None) -> tuple[Array, Array]:
        z = model.cell(z, injection)
        right = (jnp.argmax(model.read(z), axis=-1) == y).reshape(len(y), -1).all(axis=1)
        return z, right.mean()

    shares = jax.lax.scan(step, model.start(injection), length=most)[1]
    return shares[calls - 1]


def two_starts(model: EquilibriumModel, x: np.ndarray, solver: Solver, seed: int = 0) -> PathIndependence:
    """The equilibria from the model's own start and from noise, compared."""
    injection, z0 = encode(model, x)
    return path_independence(
        model.cell, injection, z0, jax.random.normal(jax.random.key(seed), z0.shape), solver
    )
