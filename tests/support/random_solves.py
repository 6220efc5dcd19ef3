"""Random cells, starts, inputs, solvers and tolerances, some hostile, and what must hold of every solve."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from deq import Anderson, Broyden, NewtonKrylov, Solution, solve
from deq.solvers import SOLVERS as CATALOGUE
from deq.solvers import Solver
from deq.solvers.base import GROWTH

SOLVERS = {name: entry.default for name, entry in CATALOGUE.items()} | {
    "Anderson, memory 1": Anderson(memory=1, damping=0.5, ridge=0.0),
    "Broyden, rank 2": Broyden(rank=2),
    "Newton-Krylov": NewtonKrylov(krylov=3),  # fewer than the entries of a state
}
N = 6  # entries of a state
KINDS = 13  # kinds of cell, see `cell`
SCALES = (0.0, 1e-310, 1e-40, 1e-20, 1e-6, 1.0, 1.0, 1.0, 30.0, 1e6, 1e19, 1e30, 3e38, 1e200, np.inf, np.nan)
TOLERANCES = (1e-1, 1e-2, 1e-3, 1e-5, 1e-8, 1e-12, 1e-30, 0.0, np.inf, np.nan, -1.0)
SLACK = 4  # rounding units: the loop and the check may round f(z) differently
SLOWEST = 60.0  # seconds for a batch: anything longer is a hang


@dataclass(frozen=True)
class Cases:
    """Random solves, one per row. z0, x, gain: (batch, N); w: (batch, N, N); kind, tol, max_nfe: (batch,)."""

    z0: np.ndarray
    x: np.ndarray
    w: np.ndarray
    gain: np.ndarray
    kind: np.ndarray
    tol: np.ndarray
    max_nfe: np.ndarray


def draw(seed: int, count: int, dtype: type) -> Cases:
    """`count` cases: a third tame, a third with large weights, a third of any scale, including NaN and inf."""
    rng = np.random.default_rng(seed)
    wild = rng.integers(0, 3, count)
    scale = np.where(wild[:, None] == 2, rng.choice(SCALES, (count, 3)), 1.0)
    w = rng.normal(size=(count, N, N)) / N**0.5 * rng.uniform(0, np.where(wild == 0, 1, 5))[:, None, None]
    z0, x, gain = rng.normal(size=(3, count, N))
    with np.errstate(over="ignore", invalid="ignore"):
        large = [(v * s[:, None]).astype(dtype) for v, s in zip((z0, x, gain), scale.T, strict=True)]
        spot = wild == 2  # sometimes a single NaN entry, not only whole states
        large[1][spot, 0] = np.where(rng.random(spot.sum()) < 0.1, np.nan, large[1][spot, 0])
    tol = np.where(wild == 0, 10.0 ** rng.uniform(-9, -1, count), rng.choice(TOLERANCES, count))
    kind, max_nfe = rng.integers(0, KINDS, count), rng.integers(1, 300, count)
    return Cases(*large[:2], w.astype(dtype), large[2], kind, tol.astype(dtype), max_nfe)


def cell(z: Array, x: Array, w: Array, gain: Array, kind: Array) -> Array:
    """f(z, x) by kind: layers that contract, rotate, jump, overflow, are undefined or run away."""
    y = jnp.einsum("bij,bj->bi", w, z) + x
    kinds = [
        jnp.tanh(y),
        jax.nn.relu(y),
        y,
        jnp.sin(gain * y),
        y * y * y + gain,
        jnp.exp(y),
        jnp.where(y > 0, gain, -gain),
        jnp.log(y),
        gain / z,
        z + gain,
        z + gain / (1 + jnp.abs(z)),
        z - jnp.tanh(z - gain),
        z + jnp.tanh(y),
    ]
    return jnp.select([kind[:, None] == k for k in range(KINDS)], kinds)


@jax.jit
def run(solver: Solver, cases: dict[str, Array]) -> tuple[Solution, Array, Array]:
    """The solves, f at their solutions and f at their starts."""
    z0, rest = cases["z0"], [cases[name] for name in ("x", "w", "gain", "kind")]
    found = solve(lambda z: cell(z, *rest), z0, replace(solver, tol=cases["tol"], max_nfe=cases["max_nfe"]))
    return found, cell(found.z, *rest), cell(z0, *rest)


def lengths(*arrays: np.ndarray) -> list[np.ndarray]:
    """The L2 norm of each row in long double, where no square of a double overflows or underflows."""
    with np.errstate(all="ignore"):
        return [np.sqrt(np.square(a.astype(np.longdouble)).sum(axis=1)) for a in arrays]


def true_residual(z: np.ndarray, f_z: np.ndarray) -> np.ndarray:
    """||f(z) - z|| / (||f(z)|| + 1e-8) in long double."""
    with np.errstate(all="ignore"):
        change, size = lengths(f_z.astype(np.longdouble) - z, f_z)
        return change / (size + 1e-8)


def keeps_the_contract(
    z: np.ndarray, f_z: np.ndarray, z0: np.ndarray, f_z0: np.ndarray, tol: np.ndarray
) -> np.ndarray:
    """Whether each row meets `Contract` with atol = 0, recomputed in long double."""
    with np.errstate(all="ignore"):
        change, size = lengths(f_z.astype(np.longdouble) - z, f_z)
        start, before, first = lengths(z0, f_z0, f_z0.astype(np.longdouble) - z0)
        bounded = size <= GROWTH * 1.001 * np.maximum(start, before)
        rounding = SLACK * np.finfo(z.dtype).eps
        fallen = change <= np.sqrt(np.maximum(tol, 0)) * first * 1.001
        return (true_residual(z, f_z) <= tol + rounding) & (bounded | fallen)


def violations(name: str, seed: int, count: int, dtype: type) -> list[str]:
    """What is wrong with `count` random solves, one line each with everything needed to reproduce it."""
    cases = draw(seed, count, dtype)
    began = time.monotonic()
    found, f_z, f_z0 = jax.device_get(run(SOLVERS[name], vars(cases)))
    seconds = time.monotonic() - began
    measured = true_residual(found.z, f_z)
    with np.errstate(all="ignore"):
        change, first, size = lengths(f_z - found.z, f_z0 - cases.z0, f_z0)
    lost = SLACK * np.finfo(dtype).eps * size
    difference = np.abs(np.where(np.isfinite(found.residual), found.residual, 0) - measured)
    rounding = SLACK * np.finfo(dtype).eps
    finite_start = np.isfinite(cases.z0).all(axis=1)
    broken = {
        "a false claim": found.converged & ~keeps_the_contract(found.z, f_z, cases.z0, f_z0, cases.tol),
        "converged above its tolerance": found.converged & ~(measured <= cases.tol + rounding),
        "not the residual of z": np.isfinite(found.residual) & ~(difference <= 1e-4 * measured + rounding),
        "a residual of NaN": np.isnan(found.residual),
        "worse than the start": np.isfinite(found.residual)
        & ~found.converged
        & ~(change <= 1.001 * first + lost),
        "not finite from a finite start": finite_start & ~np.isfinite(found.z).all(axis=1),
        "nfe above max_nfe": found.nfe > cases.max_nfe,
        "a hang": np.full(count, seconds > SLOWEST),
    }
    return [
        f"{what}: {name}, seed {seed}, row {row}, kind {cases.kind[row]}, {dtype.__name__}, tol {cases.tol[row]}, "
        f"residual {found.residual[row]}, measured {measured[row]}, nfe {found.nfe[row]}"
        for what, rows in broken.items()
        for row in np.flatnonzero(rows)
    ]
