"""What solving and training cost beyond calling f. python -m benchmarks.overhead [--json] [--repeat N]

Solve: the time of a solve of exactly 24 evaluations (or stages) over that of the same number of plain calls of f,
either `in a loop`, one compiled loop that computes once what does not depend on z, or `called`, a compiled f(z, x)
called from Python. Step: the time of a training step with 12 evaluations forward and 12 products backward over a
floor: `in a loop`, one program of 12 calls of f, 12 products with J^T, one gradient of the layers around them and the
optimizer's update; `called`, 12 calls of a compiled f, 12 of a compiled product and one of a compiled update. One
device, batch 128, float32; both sides of a ratio run alternately.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from benchmarks.timing import arguments, ratio, report
from benchmarks.training import plain_step, random_digits
from deq import Anderson, Broyden, Implicit, ODEFlow, Picard, solve
from deq.data import cross_entropy
from deq.models import EquilibriumModel, build
from deq.solvers import Solver
from deq.training.optimizer import optimizer_of
from deq.training.recipes import Recipe

BATCH, CALLS, PRODUCTS = 128, 24, 12
CELLS = ("mlp", "blog", "conv")
SOLVERS: dict[str, Solver] = {
    "Picard": Picard(tol=0.0, max_nfe=CALLS),
    "Anderson": Anderson(tol=0.0, max_nfe=CALLS),
    "Broyden": Broyden(tol=0.0, max_nfe=CALLS),
    "ODE flow": ODEFlow(tol=0.0, max_nfe=CALLS + 1),
}
GOALS = {"Picard": 1.1, "Anderson": 1.4, "Broyden": 1.8, "ODE flow": 1.3, "training step": 1.25}
EXACTLY = Anderson(tol=0.0, max_nfe=PRODUCTS)
RECIPE = Recipe(solver=EXACTLY, gradient=Implicit(EXACTLY))


def rows(repeat: int, cells: tuple[str, ...] = CELLS) -> Iterator[dict[str, Any]]:
    """One row per cell and solver, and one per cell for the training step."""
    images, labels = map(jnp.asarray, random_digits(BATCH))
    for name in cells:
        model = build(name)
        for label, solver in SOLVERS.items():
            solving, looping, once, calls = solve_and_floors(model, images, solver)
            called, spread = ratio(solving, once, repeat)
            loop = ratio(solving, looping, repeat)
            yield row(name, label, calls, loop, (called / calls, spread / calls))
        stepping, floor = step_and_floor(model, images, labels)
        called = ratio(stepping, called_floor(model, images), repeat)
        yield row(name, "training step", PRODUCTS, ratio(stepping, floor, repeat), called)


def row(
    cell: str, what: str, calls: int, loop: tuple[float, float], called: tuple[float, float]
) -> dict[str, Any]:
    """Ratios, their spreads and the goal."""
    ratios = {"in a loop": loop[0], "+-": loop[1], "called": called[0], "+- ": called[1]}
    return {"cell": cell, "what": what, "calls": calls} | ratios | {"goal": GOALS[what]}


def solve_and_floors(
    model: EquilibriumModel, images: Array, solver: Solver
) -> tuple[Callable[[], Any], Callable[[], Any], Callable[[], Any], int]:
    """A solve, a loop of the same calls of f, one call of f, and the number of calls."""
    graphdef, state = nnx.split(model.cell)
    injection = model.encode(images)
    z0 = model.start(injection)

    @jax.jit
    def f(state: nnx.State, z: Array, injection: Array = injection) -> Array:
        return nnx.merge(graphdef, state)(z, injection)

    solved = jax.jit(lambda state, z, solver: solve(lambda z: f(state, z), z, solver))
    calls = int(solved(state, z0, solver).nfe.max())
    looped = jax.jit(lambda state, z: jax.lax.fori_loop(0, calls, lambda _, z: f(state, z), z))
    once = lambda: f(state, z0, injection)  # noqa: E731
    return lambda: solved(state, z0, solver), lambda: looped(state, z0), once, calls


def step_and_floor(
    model: EquilibriumModel, images: Array, labels: Array
) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """A training step, and a program of its bare arithmetic."""
    update, parameters, moments = plain_step(model, RECIPE)
    graphdef, optimizer = nnx.graphdef(model), optimizer_of(RECIPE, jnp.asarray(100))
    step = jax.jit(lambda parameters: update(parameters, moments, images, labels))

    @jax.jit
    def floor(parameters: nnx.State) -> Any:
        whole = nnx.merge(graphdef, parameters)
        injection = whole.encode(images)
        z = jax.lax.fori_loop(0, PRODUCTS, lambda _, z: whole.cell(z, injection), whole.start(injection))
        _, pull_back = jax.vjp(lambda z: whole.cell(z, injection), z)
        u = jax.lax.fori_loop(0, PRODUCTS, lambda _, u: pull_back(u)[0], z)

        around = jax.grad(once_through)(parameters, graphdef, z + 0 * u, images, labels)
        return u, optimizer.update(around, moments, parameters)

    return lambda: step(parameters), lambda: floor(parameters)


def called_floor(model: EquilibriumModel, images: Array) -> Callable[[], Any]:
    """A training step's calls, products and update, each a compiled function called from Python."""
    graphdef, state = nnx.split(model.cell)
    injection = model.encode(images)
    z = model.start(injection)
    _, parameters = nnx.split(model)
    optimizer = optimizer_of(RECIPE, jnp.asarray(100))
    moments = optimizer.init(parameters)
    f = jax.jit(lambda state, z: nnx.merge(graphdef, state)(z, injection))
    product = jax.jit(lambda state, z, u: jax.vjp(lambda z: f(state, z), z)[1](u)[0])
    update = jax.jit(lambda parameters: optimizer.update(parameters, moments, parameters))

    def run() -> Any:
        for _ in range(PRODUCTS):
            jax.block_until_ready((f(state, z), product(state, z, z)))
        return update(parameters)

    return run


def once_through(
    parameters: nnx.State, graphdef: nnx.GraphDef, z: Array, images: Array, labels: Array
) -> Array:
    """The loss after one call of the cell at z: the layers around a solve."""
    model = nnx.merge(graphdef, parameters)
    outputs = model.head(model.cell(z, model.encode(images)))
    return cross_entropy(outputs, labels, 0.0).mean()


if __name__ == "__main__":
    chosen = arguments(__doc__.partition("\n")[0])
    report("Time over that of the calls of f themselves", rows(chosen.repeat), chosen.json)
