"""The share of peak FLOP/s that f and a training step reach. python -m benchmarks.roofline [--json] [--repeat N]

Peak is a 2,048 x 2,048 matrix product in float32, run alternately with what is measured. Both use all cores: the
product through XLA's threads, the cell as one device per core. Counted as work: XLA's FLOP count for one call of f,
without what is computed once per solve; for a step, 12 calls, 12 products with J^T and one gradient of the layers
around the solve. The solver's own arithmetic takes time but does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from benchmarks.overhead import CELLS, PRODUCTS, RECIPE, once_through
from benchmarks.timing import arguments, milliseconds, ratio, report
from benchmarks.training import STEPS, random_digits, training_steps
from deq.devices import everywhere, in_parts, mesh_here, use_cores
from deq.models import EquilibriumModel, build

SIZE, CALLS, BATCHES = 2048, 24, (128, 512)
GOALS = {("mlp", 512): 0.5, ("conv", 512): 0.5}


def rows(
    repeat: int, cells: tuple[str, ...] = CELLS, batches: tuple[int, ...] = BATCHES, size: int = SIZE
) -> Iterator[dict[str, Any]]:
    """The product, then one row per cell, batch and f or step."""
    product = jax.jit(lambda a: a @ a)
    a = jnp.asarray(np.random.default_rng(0).normal(size=(size, size)), jnp.float32)
    work = 2.0 * size**3
    time, spread = milliseconds(lambda: product(a), repeat)
    yield row("", size, "dense product", work, 1.0, spread / time, work / time / 1e6)
    for name in cells:
        for batch in batches:
            for what, run, flops in measured(name, batch):
                share, spread = ratio(lambda: product(a), run, repeat)
                share, spread = share * flops / work, spread * flops / work
                yield row(name, batch, what, flops, share, spread, share * work / time / 1e6)


def row(
    cell: str, size: int, what: str, flops: float, share: float, spread: float, rate: float
) -> dict[str, Any]:
    """A share of the product's rate, and its goal."""
    goal = GOALS.get((cell, size), "") if what == "f" else ""
    found = {"MFLOP": flops / 1e6, "of the rate": share, "+-": spread, "GFLOP/s": rate, "goal": goal}
    return {"cell": cell, "batch": size, "what": what} | found


def measured(name: str, batch: int) -> Iterator[tuple[str, Callable[[], Any], float]]:
    """f in a compiled loop and training steps, each with its FLOP count."""
    model = build(name)
    images, labels = map(jnp.asarray, random_digits(batch))
    graphdef, parameters = nnx.split(model)
    injection = model.encode(images)
    z = model.start(injection)
    per_call = flops_of_f(model, z, injection)
    yield "f", calls_on_cores(model, z, injection), CALLS * per_call
    around = flops(jax.grad(lambda p: once_through(p, graphdef, z, images, labels)), parameters)
    steps = training_steps(name, replace(RECIPE, batch_size=batch), None)
    yield "training step", steps, STEPS * (2 * PRODUCTS * per_call + around)


def calls_on_cores(model: EquilibriumModel, z: Array, injection: Array) -> Callable[[], Any]:
    """CALLS successive calls of f, each core on its part of the batch."""
    mesh = mesh_here(len(z))

    def calls(cell: nnx.Module, part: tuple[Array, Array]) -> Array:
        z, injection = part
        return jax.lax.fori_loop(0, CALLS, lambda _, z: cell(z, injection), z)

    run, there = jax.jit(in_parts(calls, mesh)), everywhere((model.cell, (z, injection)), mesh)
    return lambda: run(*there)


def flops_of_f(model: EquilibriumModel, z: Array, injection: Array) -> float:
    """The FLOP of one call, without the layer of the mlp's cell that depends on x alone."""
    once = getattr(model.cell, "injection", None)
    return flops(model.cell, z, injection) - (0.0 if once is None else flops(once, injection))


def flops(f: Callable[..., Any], *values: Any) -> float:
    """XLA's count for f before optimisation."""
    return float(jax.jit(lambda *v: f(*v)).lower(*values).cost_analysis()["flops"])


if __name__ == "__main__":
    use_cores()
    chosen = arguments(__doc__.partition("\n")[0])
    report("FLOP/s over that of a dense product", rows(chosen.repeat), chosen.json)
