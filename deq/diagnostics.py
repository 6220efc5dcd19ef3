"""How well posed an equilibrium is, and how good a gradient: measured after the fact, sample by sample."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from deq.solvers import Solution, Solver, norm, solve
from deq.solvers.base import flat, widened

EXACT_SIZE = 200  # entries of a state up to which the whole Jacobian is formed
ARNOLDI_STEPS = 60


def jacobian(cell: nnx.Module, x: Any, z: Array) -> Array:
    """df/dz of each sample: (batch, n, n), [b, i, j] the derivative of entry i in entry j. z: (batch, ...)."""
    return _jacobian(*nnx.split(cell), x, z)


@partial(jax.jit, static_argnums=0)
def _jacobian(graphdef: nnx.GraphDef, state: nnx.State, x: Any, z: Array) -> Array:
    _, push = jax.linearize(lambda z: nnx.merge(graphdef, state, copy=True)(z, x), z)
    batch, n = flat(z).shape

    def column(unit: Array) -> Array:
        return flat(push(jnp.broadcast_to(unit, (batch, n)).reshape(z.shape)))

    return jnp.moveaxis(jax.lax.map(column, jnp.eye(n, dtype=z.dtype)), 0, -1)


def jacobian_eigenvalues(cell: nnx.Module, x: Any, z: Array) -> np.ndarray:
    """All eigenvalues of df/dz of each sample: (batch, n), complex. For small states: n^3 work a sample."""
    return np.linalg.eigvals(np.asarray(widened(jacobian(cell, x, z))))


def spectral_radius(cell: nnx.Module, x: Any, z: Array) -> np.ndarray:
    """max |eigenvalue| of df/dz of each sample: (batch,). Picard's rate at z*, if it is below 1.

    Exact up to 200 entries a state. Beyond, Arnoldi's method on the whole batch, 60 products: its Ritz
    values find complex pairs, where a power iteration's Rayleigh quotient would not; an estimate that
    is rarely too large. Saad (2011), doi:10.1137/1.9781611970739.
    """
    if flat(z).shape[1] <= EXACT_SIZE:
        return np.abs(jacobian_eigenvalues(cell, x, z)).max(axis=1, initial=0.0)
    return np.abs(ritz_values(cell, x, z)).max(axis=1)


def ritz_values(cell: nnx.Module, x: Any, z: Array) -> np.ndarray:
    """Arnoldi's estimates of the outermost eigenvalues of df/dz of each sample: (batch, 60), complex."""
    return np.linalg.eigvals(np.asarray(_arnoldi(*nnx.split(cell), x, z, ARNOLDI_STEPS)))


@partial(jax.jit, static_argnums=(0, 4))
def _arnoldi(graphdef: nnx.GraphDef, state: nnx.State, x: Any, z: Array, steps: int) -> Array:
    """H = Q^T J Q of each sample on its Krylov space, upper Hessenberg: (batch, steps, steps)."""
    _, push = jax.linearize(lambda z: nnx.merge(graphdef, state, copy=True)(z, x), z)
    noise = widened(flat(jax.random.normal(jax.random.key(0), z.shape)))

    def step(basis: Array, k: Array) -> tuple[Array, Array]:
        w = widened(flat(push(basis[:, k].astype(z.dtype).reshape(z.shape))))
        w, first = _orthogonal(w, basis)
        w, second = _orthogonal(w, basis)  # once more, against rounding
        basis = jax.lax.dynamic_update_index_in_dim(basis, _unit(w), k + 1, 1)
        return basis, (first + second).at[:, k + 1].set(norm(w))

    start = jnp.zeros((len(noise), steps + 1, noise.shape[1]), noise.dtype).at[:, 0].set(_unit(noise))
    _, columns = jax.lax.scan(step, start, jnp.arange(steps))
    return jnp.moveaxis(columns, 0, 2)[:, :steps]


def _orthogonal(w: Array, basis: Array) -> tuple[Array, Array]:
    """w without its part in the basis, and that part's coefficients. w: (batch, n), basis: (batch, m, n)."""
    inner = jnp.einsum("bmn,bn->bm", basis, w)
    return w - jnp.einsum("bm,bmn->bn", inner, basis), inner


def _unit(w: Array) -> Array:
    """Each row at unit length; a row that has vanished against rounding stays zero and ends its Krylov space."""
    size = norm(w)[:, None]
    return jnp.where(size > 1e-30, w / jnp.where(size > 1e-30, size, 1), 0)


def error_bound(solution: Solution, slope: Array | np.ndarray | float) -> np.ndarray:
    """||z - z*|| / ||f(z)|| <= residual / (1 - L) for a contraction of constant L = slope: (batch,); inf for L >= 1.

    With the spectral radius for L it is an estimate: exact near z* for a normal Jacobian only.
    """
    gap = 1 - np.asarray(slope)
    return np.where(gap > 0, np.asarray(solution.residual) / np.where(gap > 0, gap, 1), np.inf)


@dataclass(frozen=True)
class GradientError:
    """relative: ||found - exact|| / ||exact||. cosine: of the angle between them, 1 for the same direction."""

    relative: float
    cosine: float


def gradient_error(found: Any, exact: Any) -> GradientError:
    """Two gradients compared over all their leaves, which must agree in structure and shape."""
    if _layout(found) != _layout(exact):
        raise ValueError("found and exact must be gradients of the same parameters.")
    a, b = (
        np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(g)]).astype(float) for g in (found, exact)
    )
    sizes = np.linalg.norm(a), np.linalg.norm(b)
    if min(sizes) == 0:
        same = float(sizes[0] == sizes[1])
        return GradientError(0.0 if same else np.inf, same)
    return GradientError(float(np.linalg.norm(a - b) / sizes[1]), float(a @ b / (sizes[0] * sizes[1])))


def _layout(tree: Any) -> tuple[str, list[tuple[int, ...]]]:
    return str(jax.tree.structure(tree)), [np.shape(leaf) for leaf in jax.tree.leaves(tree)]


@dataclass(frozen=True)
class PathIndependence:
    """Equilibria reached from two starts. distance: ||z - z'|| / ||z||; cosine of their angle; both (batch,).

    converged: (batch,) where both solves did; elsewhere the other two say little.
    """

    distance: np.ndarray
    cosine: np.ndarray
    converged: np.ndarray


def path_independence(
    cell: nnx.Module, x: Any, z0: Array, other: Array | np.ndarray, solver: Solver
) -> PathIndependence:
    """Does the equilibrium depend on the start? Solve from z0 and from `other`, both (batch, ...), and compare.

    Anil et al. (2022), arXiv:2211.09961, whose alignment score is the cosine.
    """
    graphdef, state = nnx.split(cell)
    one, two = (jax.device_get(_solved(graphdef, state, x, start, solver)) for start in (z0, other))
    a, b = (np.asarray(flat(found.z), float) for found in (one, two))
    length = np.maximum(np.linalg.norm(a, axis=1), 1e-30)
    size = np.maximum(length * np.linalg.norm(b, axis=1), 1e-30)
    return PathIndependence(
        np.linalg.norm(a - b, axis=1) / length, np.sum(a * b, axis=1) / size, one.converged & two.converged
    )


@partial(jax.jit, static_argnums=0)
def _solved(graphdef: nnx.GraphDef, state: nnx.State, x: Any, z0: Array, solver: Solver) -> Solution:
    return solve(lambda z: nnx.merge(graphdef, state, copy=True)(z, x), z0, solver)
