"""Every solver on five problems: calls, time, residual and verdict. python -m benchmarks.solvers [--json]

Overhead is the time of a solve over that of as many plain calls of f: what the solver itself costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from benchmarks.timing import arguments, milliseconds, report
from deq import Anderson, Broyden, NewtonKrylov, ODEFlow, Picard, solve
from deq.solvers import Map, Solver

SOLVERS: dict[str, Solver] = {
    "Picard": Picard(max_nfe=1000),
    "damped Picard": Picard(max_nfe=1000, damping=0.5),
    "Anderson": Anderson(max_nfe=1000),
    "Broyden": Broyden(max_nfe=1000),
    "Newton-Krylov": NewtonKrylov(max_nfe=1000),
    "ODE flow": ODEFlow(max_nfe=1000),
}

Problem = tuple[Callable[..., Array], tuple[Array, ...], Array]  # f(z, *data), data, z0


def blog_cell() -> Problem:
    """tanh(z W1 + x) W2, 100-500-100, batch 128, spectral radius about 0.4, as the blog's cell starts."""
    rng = np.random.default_rng(0)
    w1, w2 = (jnp.asarray(rng.normal(size=s) / np.sqrt(600), jnp.float32) for s in ((100, 500), (500, 100)))
    x = jnp.asarray(rng.normal(size=(128, 100)), jnp.float32)
    return lambda z, x, w1, w2: jnp.tanh((z + x) @ w1) @ w2, (x, w1, w2), jnp.zeros((128, 100))


def linear(matrix: np.ndarray, batch: int) -> Problem:
    """A z + 1."""
    a = jnp.asarray(matrix.T, jnp.float32)
    return lambda z, a: z @ a + 1, (a,), jnp.zeros((batch, len(matrix)))


def rotation() -> np.ndarray:
    """40 x 40, eigenvalues 0.5 +- i w, w from 0.1 to 3."""
    turns = np.zeros((40, 40))
    for k, w in enumerate(np.linspace(0.1, 3, 20)):
        turns[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = [[0.5, -w], [w, 0.5]]
    return turns


def slow() -> np.ndarray:
    """Symmetric, 50 x 50, eigenvalues up to 0.99."""
    basis = np.linalg.qr(np.random.default_rng(1).normal(size=(50, 50)))[0]
    return basis @ np.diag(np.linspace(0, 0.99, 50)) @ basis.T


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "blog cell": blog_cell,
    "rotation": partial(linear, rotation(), 16),
    "slow": partial(linear, slow(), 16),
    "steep, l = -3": partial(linear, np.array([[-3.0]]), 16),
    "chaotic logistic": lambda: (lambda z: 3.9 * z * (1 - z), (), jnp.full((16, 1), 0.4)),
}


def rows(repeat: int) -> Iterator[dict[str, Any]]:
    """One row a problem and solver."""
    for problem, make in PROBLEMS.items():
        f, data, z0 = make()
        call = per_call(f, data, z0, repeat)
        for name, solver in SOLVERS.items():
            run = jax.jit(lambda z0, data, solver, f=f: solve(lambda z: f(z, *data), z0, solver))
            found = run(z0, data, solver)
            time, spread = milliseconds(lambda run=run, s=solver, z0=z0, d=data: run(z0, d, s), repeat)
            yield {
                "problem": problem,
                "solver": name,
                "nfe": float(found.nfe.mean()),
                "ms": time,
                "+-": spread,
                "overhead": time / (float(found.nfe.max()) * call),
                "residual": float(found.residual.max()),
                "converged": float(found.converged.mean()),
            }


def per_call(f: Callable[..., Array], data: tuple[Array, ...], z0: Array, repeat: int) -> float:
    """Milliseconds of one plain call of f in a compiled loop."""
    calls = 50

    @jax.jit
    def chain(z: Array, data: tuple[Array, ...]) -> Array:
        g: Map = lambda z: f(z, *data)  # noqa: E731
        return jax.lax.fori_loop(0, calls, lambda _, z: g(z), z)

    return milliseconds(lambda: chain(z0, data), repeat)[0] / calls


if __name__ == "__main__":
    chosen = arguments(__doc__)
    report("Solvers at tol 1e-5, at most 1,000 calls of f, float32", rows(chosen.repeat), chosen.json)
