"""The counterpart of a certificate: the nearest input found with a different predicted class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from deq.analysis.certificates import accurate
from deq.gradients import Implicit
from deq.models import EquilibriumModel
from deq.models.inference import infer
from deq.models.model import picture
from deq.solvers import Anderson, Solver

STEPS = 100
_SEARCH = Anderson(tol=1e-4, max_nfe=100)
_SLOPE = Anderson(tol=1e-3, max_nfe=60)
_GROWTH = 0.05  # of the distance, per step


class Attack(NamedTuple):
    """What an attack found.

    distance: (batch,) L2 from x to `changed`, inf for nothing. changed: (batch, ...) in [0, 1].

    label: (batch,) the predicted class of `changed`.
    """

    distance: np.ndarray
    changed: np.ndarray
    label: np.ndarray


class _Search(NamedTuple):
    """A search in progress: the change d of x, the distance allowed, the nearest change found and its distance."""

    d: Array
    allowed: Array
    best: Array
    distance: Array


def nearest_changes(
    model: EquilibriumModel, x: Any, restarts: int, *, seed: int = 0, solver: Solver | None = None
) -> Iterator[Attack]:
    """Yields, after each restart, the nearest inputs in [0, 1] with a different predicted class found so far.

    Gradient steps on the margin through the equilibrium, at a distance that shrinks while the class differs and
    grows while it does not; the first start is x, the others are random. What was found is solved again by `solver` and
    counts only if that converges to a different class. Rony et al. (2019), "Decoupling direction and norm",
    arXiv:1811.09600.

    x: (batch, ...) inputs, pictures as uint8 or float in [0, 1]. solver: by default `accurate(model)`.
    """
    solver = solver or accurate(model)
    start = np.asarray(picture(jnp.asarray(x)), np.float32)
    label = infer(model, start, solver).outputs.argmax(axis=1)
    graphdef, variables = nnx.split(model.uncalibrated())
    best = Attack(np.full(len(start), np.inf), start.copy(), label)
    for restart in range(restarts):
        key = jax.random.fold_in(jax.random.key(seed), restart)
        found = _search(
            graphdef, variables, jnp.asarray(start), jnp.asarray(label), key, jnp.float32(restart > 0)
        )
        best = _nearer(best, _confirmed(model, start, np.asarray(found), label, solver))
        yield best


def _confirmed(
    model: EquilibriumModel, start: np.ndarray, found: np.ndarray, label: np.ndarray, solver: Solver
) -> Attack:
    """What was found, with its distance if an accurate solve agrees that the class differs."""
    answer = infer(model, found, solver)
    there = answer.outputs.argmax(axis=1)
    apart = np.linalg.norm((found.astype(float) - start).reshape(len(start), -1), axis=1)
    return Attack(np.where(answer.converged & (there != label), apart, np.inf), found, there)


def _nearer(best: Attack, found: Attack) -> Attack:
    """Row by row the nearer of two."""
    nearer = found.distance < best.distance
    rows = nearer.reshape(-1, *[1] * (found.changed.ndim - 1))
    return Attack(
        np.where(nearer, found.distance, best.distance),
        np.where(rows, found.changed, best.changed),
        np.where(nearer, found.label, best.label),
    )


@partial(jax.jit, static_argnums=0)
def _search(
    graphdef: nnx.GraphDef, variables: nnx.State, x: Array, label: Array, key: Array, random: Array
) -> Array:
    """The nearest inputs (batch, ...) of another class found from one start; the last one tried if there is none.

    random: 1 for a random direction and distance to begin with, 0 for none.
    """
    damping = accurate(nnx.merge(graphdef, variables)).damping
    search, slope = replace(_SEARCH, damping=damping), replace(_SLOPE, damping=damping)

    def excess(d: Array) -> tuple[Array, Array]:
        """The sum over the batch of how far another class leads, and the lead of each, -inf if its solve failed."""
        model = nnx.merge(graphdef, variables)
        y, solution = model(x + d, search, Implicit(slope))
        own = jnp.take_along_axis(y, label[:, None], 1)[:, 0]
        rival = jnp.where(jnp.arange(y.shape[1]) == label[:, None], -jnp.inf, y).max(axis=1)
        lead = jnp.where(solution.converged, rival - own, -jnp.inf)
        return jnp.sum(rival - own), lead

    def step(now: _Search, size: Array) -> tuple[_Search, None]:
        slope, lead = jax.grad(excess, has_aux=True)(now.d)
        other = lead > 0
        nearer = other & (_norms(now.d) < now.distance)
        best = jnp.where(_rows(nearer, x), now.d, now.best)
        distance = jnp.where(nearer, _norms(now.d), now.distance)
        allowed = now.allowed * jnp.where(other, 1 - _GROWTH, 1 + _GROWTH)
        d = _scaled(now.d + _scaled(slope, size), allowed)
        return _Search(jnp.clip(x + d, 0, 1) - x, allowed, best, distance), None

    direction, length = jax.random.split(key)
    allowed = jnp.exp(random * jax.random.normal(length, x.shape[:1]))
    noise = _scaled(jax.random.normal(direction, x.shape), random * allowed)
    first = jnp.clip(x + noise, 0, 1) - x
    sizes = 0.01 + 0.99 * (1 + jnp.cos(jnp.linspace(0, jnp.pi, STEPS))) / 2
    begin = _Search(first, allowed, first, jnp.full(x.shape[0], jnp.inf))
    end, _ = jax.lax.scan(step, begin, sizes)
    return jnp.clip(x + jnp.where(_rows(jnp.isfinite(end.distance), x), end.best, end.d), 0, 1)


def _norms(d: Array) -> Array:
    return jnp.sqrt(jnp.sum(jnp.square(d), axis=tuple(range(1, d.ndim))))


def _scaled(d: Array, size: Array) -> Array:
    """Each row scaled to an L2 norm of `size`, () or (batch,)."""
    return d * _rows(size / jnp.maximum(_norms(d), 1e-12), d)


def _rows(values: Array, like: Array) -> Array:
    """(batch,) as (batch, 1, ...)."""
    return values.reshape(-1, *[1] * (like.ndim - 1))
