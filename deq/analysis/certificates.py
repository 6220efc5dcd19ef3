"""Certificates: how much an input must change before the predicted class can."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from deq.cells import MonotoneCell
from deq.cells.bounds import Affine, Bounds, lipschitz_bounds
from deq.models import EquilibriumModel
from deq.models.affine import AffineParts, affine_parts
from deq.models.inference import infer
from deq.models.model import pixels
from deq.solvers import Anderson, Solver

ACCURATE = Anderson(tol=1e-5, max_nfe=1000)
# Of a local certificate, which is at most WIDEST times the global one.
REFINEMENTS, HALVINGS, WIDEST = 2, 7, 4.0
SLACK = 1e-9  # of the margins, for rounding in float64


class Reader(NamedTuple):
    """A certifiable model in float64: z* = relu(W z* + U x + b), y = C z* + c. affine: W, U, C, with U of (n, n)."""

    affine: Affine
    u: Array
    b: Array
    c: Array
    m: float


def accurate(model: EquilibriumModel) -> Anderson:
    """The solver of certificates and attacks. With m > 1 a full step overshoots, and damping by 1 / m does not.

    W has eigenvalues near 1 - m then; damped, a linear step is that of the cell with m = 1, see docs/certificates.md.
    """
    m = model.cell.m if isinstance(model.cell, MonotoneCell) else 1.0
    return replace(ACCURATE, damping=min(1.0, 1 / m))


def certified_radius(
    model: EquilibriumModel, x: Any, solver: Solver | None = None, *, local: bool = False
) -> np.ndarray:
    """L2 radii (batch,) within which no change of x can change the predicted class: proven, 0 if none is known.

    In units of x; for pictures, these are pixel values in [0, 1] of the 28 x 28 array that the model reads (not of the
    photo it was cut from). The margin y_i - y_j of the predicted class i over each other j, lowered by what the solve
    may have missed, over the bound of `deq.cells.bounds.lipschitz_bounds` on how fast that difference can change; the
    least over j.

    What the solve missed: with r = W (f(z) - z), f(z) is the exact equilibrium of the injection U x + b - r, so it is
    off by at most ||r|| / m, and a margin by at most ||C_i - C_j|| ||r|| / m. All this is computed in float64 from the
    solver's z, so that rounding in the solve is accounted for too. The class is that of the exact equilibrium.

    Args:
        model: an affine encoder, `MonotoneDense` and an affine head, such as `monotone`; for others every radius is 0.
        x: (batch, ...) inputs, pictures as uint8 or float in [0, 1].
        solver: finds z*, by default `accurate(model)`; the radius is 0 where it does not converge.
        local: also exploit that units far from 0 cannot switch near x: usually up to twice the radius, at most WIDEST
            times, for a hundred times the work.
    """
    x, parts = np.asarray(x), affine_parts(model)
    if parts is None:
        return np.zeros(len(x))
    found = infer(model, x, solver or accurate(model), states=True)
    with jax.enable_x64(True):
        flat = jnp.asarray(np.asarray(pixels(jnp.asarray(x)), np.float64))
        radii = _radii(reader_of(parts), flat, jnp.asarray(np.asarray(found.states, np.float64)), local)
        return np.where(found.converged, np.maximum(np.asarray(radii), 0.0), 0.0)


def reader_of(parts: AffineParts) -> Reader:
    """Parameters in float64, where x64 is enabled."""
    encoder, cell, head = parts
    u, a, skew = _wide(encoder.kernel).T, _wide(cell.a), _wide(cell.b)
    w = (1 - cell.m) * jnp.eye(len(a)) - a.T @ a + skew - skew.T
    # U = T V^T with orthonormal V: T, (n, n), has the norms of U.
    left, sizes, _ = jnp.linalg.svd(u, full_matrices=False)
    affine = Affine(w, left * sizes, _wide(head.kernel).T)
    return Reader(affine, u, _wide(encoder.bias), _wide(head.bias), cell.m)


def _wide(variable: Any) -> Array:
    """A parameter in float64; 0 for a missing bias."""
    return jnp.asarray(0.0 if variable is None else np.asarray(variable[...], np.float64))


@partial(jax.jit, static_argnames="local")
def _radii(reader: Reader, x: Array, z: Array, local: bool) -> Array:
    """Radii (batch,) for inputs (batch, inputs) and states (batch, n), negative where nothing is proven."""
    affine = reader.affine
    injection = x @ reader.u.T + reader.b
    reached = jax.nn.relu(z @ affine.w.T + injection)  # f(z)
    missed = jnp.linalg.norm((reached - z) @ affine.w.T, axis=1) / reader.m
    y = reached @ affine.c.T + reader.c
    label = y.argmax(axis=1)
    apart = jnp.linalg.norm(affine.c[label][:, None] - affine.c, axis=2)
    margins = jnp.take_along_axis(y, label[:, None], 1) - y - apart * missed[:, None] - SLACK
    everywhere = lipschitz_bounds(affine)
    radii = _least(margins, everywhere, label)
    if not local:
        return radii
    # The units before their relu, off by at most `missed` and slack.
    before = reached @ affine.w.T + injection
    slack = missed * jnp.linalg.norm(affine.w, 2) + SLACK
    return jax.lax.map(
        lambda one: _local(affine, *one), (before, slack, margins, label, radii), batch_size=16
    )


def _least(margins: Array, bounds: Bounds, label: Array) -> Array:
    """The least margin over its bound, (batch,); margins (batch, classes)."""
    rival = jnp.arange(margins.shape[-1]) != label[..., None]
    return jnp.min(jnp.where(rival, margins, jnp.inf) / jnp.maximum(bounds.logits[label], 1e-300), axis=-1)


def _local(affine: Affine, before: Array, slack: Array, margins: Array, label: Array, radius: Array) -> Array:
    """A possibly larger radius for one example, by bisection above the known one."""

    def halve(ends: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
        low, high = ends
        middle = (low + high) / 2
        proved = _least(margins, _bounds_within(affine, before, slack, middle), label) >= middle
        return (jnp.where(proved, middle, low), jnp.where(proved, high, middle)), None

    start = radius, WIDEST * radius
    return jax.lax.scan(halve, start, length=HALVINGS)[0][0]


def _bounds_within(affine: Affine, before: Array, slack: Array, radius: Array) -> Bounds:
    """Bounds within a radius of an input with the units `before`: units that cannot switch are held fixed."""
    bounds = lipschitz_bounds(affine)
    for _ in range(REFINEMENTS):
        reach = radius * bounds.units + slack
        bounds = lipschitz_bounds(affine, before > reach, before < -reach)
    return bounds
