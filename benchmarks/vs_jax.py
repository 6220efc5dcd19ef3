"""Solves compared with JAXopt and Optimistix. python -m benchmarks.vs_jax [--json] [--repeat N]

The same cell and start, batch 128, tolerance 0 and 12 evaluations, compiled; both sides of a ratio run alternately,
and their evaluations are counted in a run that is not timed. JAXopt and Optimistix solve the batch as one system;
JAXopt's Anderson also runs with one system per sample, which is what ours does.
Needs the extra: pip install -e '.[bench]'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import jaxopt
import optimistix
from flax import nnx
from jax import Array

from benchmarks.tally import counted, tally
from benchmarks.timing import arguments, ratio, report
from benchmarks.training import random_digits
from deq import Anderson, Picard, solve
from deq.models import build
from deq.solvers import Solver

BATCH, EVALUATIONS, MEMORY = 128, 12, 5
F = Callable[[Array, Array], Array]  # z, x -> z
Run = Callable[[F, Array, Array], Array]  # f, z0, x -> z
EXACT = {"tol": 0.0, "implicit_diff": False}


def ours(solver: Solver) -> Run:
    return lambda f, z, x: solve(lambda z: f(z, x), z, solver).z


def jaxopt_anderson(f: F, z: Array, x: Array) -> Array:
    """The whole batch as one system."""
    solver = jaxopt.AndersonAcceleration(f, history_size=MEMORY, maxiter=EVALUATIONS, **EXACT)
    return solver.run(z, x).params


def jaxopt_anderson_alone(f: F, z: Array, x: Array) -> Array:
    """One system per sample."""
    return jax.vmap(lambda z, x: jaxopt_anderson(lambda z, x: f(z[None], x[None])[0], z, x))(z, x)


def jaxopt_picard(f: F, z: Array, x: Array) -> Array:
    return jaxopt.FixedPointIteration(f, maxiter=EVALUATIONS, **EXACT).run(z, x).params


def optimistix_picard(f: F, z: Array, x: Array) -> Array:
    solver = optimistix.FixedPointIteration(rtol=0.0, atol=1e-30)  # atol=0 would accept a start at 0
    return optimistix.fixed_point(f, solver, z, x, max_steps=EVALUATIONS, throw=False).value


OUR_ANDERSON = ours(Anderson(tol=0.0, max_nfe=EVALUATIONS, memory=MEMORY))
OUR_PICARD = ours(Picard(tol=0.0, max_nfe=EVALUATIONS))
PAIRS: dict[str, tuple[Run, Run]] = {
    "JAXopt Anderson, one system": (jaxopt_anderson, OUR_ANDERSON),
    "JAXopt Anderson, each sample": (jaxopt_anderson_alone, OUR_ANDERSON),
    "JAXopt fixed point": (jaxopt_picard, OUR_PICARD),
    "Optimistix fixed point": (optimistix_picard, OUR_PICARD),
}


def rows(repeat: int, cells: tuple[str, ...] = ("mlp", "blog")) -> Iterator[dict[str, Any]]:
    """One row per cell and peer: their time over ours; above 1, ours is faster."""
    images = jnp.asarray(random_digits(BATCH).x)
    for name in cells:
        model = build(name)
        graphdef, state = nnx.split(model.cell)
        x = model.encode(images)
        z0 = model.start(x)
        for peer, pair in PAIRS.items():
            theirs, mine = (timed(run, graphdef, state, z0, x, False) for run in pair)
            middle, spread = ratio(theirs, mine, repeat)
            calls = [tally(timed(run, graphdef, state, z0, x, True))[0] for run in pair]
            found = {"their time over ours": middle, "+-": spread, "goal": 1.0}
            yield {"cell": name, "peer": peer} | found | {"their calls": calls[0], "ours": calls[1]}


def timed(
    run: Run, graphdef: nnx.GraphDef, state: nnx.State, z0: Array, x: Array, counts: bool
) -> Callable[[], Any]:
    """The compiled solve; counts: whether f counts its calls."""

    @jax.jit
    def compiled(state: nnx.State, z0: Array, x: Array) -> Array:
        cell = nnx.merge(graphdef, state)
        return run(lambda z, x: cell(counted(z) if counts else z, x), z0, x)

    return lambda: compiled(state, z0, x)


if __name__ == "__main__":
    chosen = arguments(__doc__.partition("\n")[0])
    report("Solves of 12 evaluations, batch 128: their time over ours", rows(chosen.repeat), chosen.json)
