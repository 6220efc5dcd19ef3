"""How fast: solves and training steps over plain calls of f and dense products, and what lower precision gains."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from benchmarks.accelerator.sizes import Sizes
from benchmarks.timing import milliseconds, ratio
from deq import Anderson, Implicit, Picard, equilibrium
from deq.solvers.precision import FLOORS, in_float32
from deq.solvers.rounding import rounded

CALLS = 24  # of f in a solve; a training step has half as many each way
Run = Callable[[], Any]


def speed(sizes: Sizes) -> Iterator[dict[str, Any]]:
    """f(z, x) = relu(W z + x) in float32. Picard, Anderson: the time of a solve of 24 calls over that of 24 calls of f
    in one compiled loop. of a product: FLOP/s of the solve over that of a dense product. step: a forward and a backward
    solve of 12 calls each."""
    flops, product = dense_product(sizes.product, "float32")
    for batch, width in sizes.grid:
        w, x = problem(batch, width)
        loop = calls_of_f(w, x)
        picard, spread = ratio(solve_of(w, x, Picard, "float32"), loop, sizes.repeat)
        anderson, _ = ratio(solve_of(w, x, Anderson, "float32"), loop, sizes.repeat)
        share, _ = ratio(product, solve_of(w, x, Picard, "float32"), sizes.repeat)
        step, compiling = step_of(w, x, "float32")
        spent, _ = milliseconds(step, sizes.repeat)
        yield {
            "batch": batch,
            "width": width,
            "Picard": picard,
            "+-": spread,
            "Anderson": anderson,
            "of a product": share * CALLS * 2 * batch * width**2 / flops,
            "step, ms": spent,
            "samples/s": batch / spent * 1e3,
            "compile, s": compiling,
        }


def precision(sizes: Sizes) -> Iterator[dict[str, Any]]:
    """The gain from rounded factors: time in float32 over time in the precision, at the third point of the grid."""
    batch, width = sizes.grid[min(2, len(sizes.grid) - 1)]
    w, x = problem(batch, width)
    runs = {
        name: (dense_product(sizes.product, name)[1], solve_of(w, x, Picard, name), step_of(w, x, name)[0])
        for name in FLOORS
    }
    for name, found in runs.items():
        gains = [ratio(full, run, sizes.repeat) for full, run in zip(runs["float32"], found, strict=True)]
        columns = zip(("product", "solve", "step"), gains, strict=True)
        yield {"precision": name, "batch": batch, "width": width} | {
            what: gain for what, (gain, _) in columns
        }


def problem(batch: int, width: int) -> tuple[Array, Array]:
    """W of norm about 0.9, and x."""
    rng = np.random.default_rng(0)
    w = 0.45 / np.sqrt(width) * rng.normal(size=(width, width))
    return jnp.asarray(w, jnp.float32), jnp.asarray(rng.normal(size=(batch, width)), jnp.float32)


def dense_product(size: int, name: str) -> tuple[float, Run]:
    """A square product in a precision, and its FLOP."""
    a = jnp.asarray(np.random.default_rng(0).normal(size=(size, size)), jnp.float32)
    run = jax.jit(in_float32(rounded(jnp.matmul, name)))
    return 2.0 * size**3, lambda: run(a, a)


def cell_of(w: Array, name: str) -> Callable[[Array, Array], Array]:
    """f(z, x) with its product in a precision; `equilibrium(precision=...)` would end the solve early."""
    return rounded(lambda z, x: jax.nn.relu(z @ w + x), name)


def calls_of_f(w: Array, x: Array) -> Run:
    """CALLS calls of f in one compiled loop."""

    @jax.jit
    @in_float32
    def run(w: Array, x: Array) -> Array:
        cell = cell_of(w, "float32")
        return jax.lax.fori_loop(0, CALLS, lambda _, z: cell(z, x), jnp.zeros_like(x))

    return lambda: run(w, x)


def solve_of(w: Array, x: Array, method: type[Picard] | type[Anderson], name: str) -> Run:
    """A solve of CALLS calls."""

    @jax.jit
    def run(w: Array, x: Array) -> Array:
        return equilibrium(cell_of(w, name), x, jnp.zeros_like(x), method(tol=0.0, max_nfe=CALLS)).z

    return lambda: run(w, x)


def step_of(w: Array, x: Array, name: str) -> tuple[Run, float]:
    """The gradient of a loss with half as many calls each way, and the seconds to compile it."""
    solver = Picard(tol=0.0, max_nfe=CALLS // 2)

    @jax.jit
    def run(w: Array, x: Array) -> Array:
        def loss(w: Array) -> Array:
            return jnp.mean(
                equilibrium(cell_of(w, name), x, jnp.zeros_like(x), solver, Implicit(solver)).z ** 2
            )

        return jax.grad(loss)(w)

    began = time.perf_counter()
    jax.block_until_ready(run(w, x))
    return lambda: run(w, x), time.perf_counter() - began
