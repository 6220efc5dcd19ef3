"""How cost grows with batch, width and devices. python -m benchmarks.scaling [--json] [--repeat N]

Batch: a training step of the mlp with 12 evaluations each way. Width: a solve of 12 evaluations of the mlp's cell
at batch 128. Devices: a training step of the mlp at batch 512 on 1 to 8 simulated devices, which share the cores of
one machine, then each model by its own recipe, batch 128, on one and two. The exponent is the slope of log time over
log size, fitted to the marked points: the largest, where fixed costs no longer matter. Time and throughput are
relative to the first row of their kind, both run alternately.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from benchmarks.overhead import step_and_floor
from benchmarks.timing import arguments, ratio, report
from benchmarks.training import Run, random_digits, training_steps
from deq import Picard, solve
from deq.cells import ReluCell
from deq.models import build
from deq.training.recipes import RECIPES, Recipe

BATCHES, WIDTHS, DEVICES = (
    (1, 4, 16, 64, 256, 1024, 4096),
    (64, 128, 256, 512, 1024, 2048, 4096),
    (1, 2, 4, 8),
)
TRAINED, PAIR = ("mlp", "blog", "monotone", "conv"), (1, 2)  # models by their own recipes, on devices
FITTED = 3  # of the largest sizes


def rows(
    repeat: int,
    batches: Sequence[int] = BATCHES,
    widths: Sequence[int] = WIDTHS,
    devices: Sequence[int] = DEVICES,
) -> Iterator[dict[str, Any]]:
    """One row per size; the exponent is in the last row of its kind."""
    yield from grown("batch", batches, {n: training_step(n) for n in batches}, repeat, weights=batches)
    yield from grown("width", widths, {n: cell_solve(n) for n in widths}, repeat, weights=[1] * len(widths))
    if devices:
        yield from on_devices(repeat, devices)


def grown(
    kind: str, sizes: Sequence[int], runs: dict[int, Run], repeat: int, weights: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """Each size's time and throughput over the first one's. weights: samples in a run."""
    found = [ratio(runs[n], runs[sizes[0]], repeat) for n in sizes]
    slope = exponent(sizes, [time for time, _ in found])
    for n, (time, spread), weight in zip(sizes, found, weights, strict=True):
        fit = slope if n == sizes[-1] else ""
        throughput = weight / weights[0] / time
        mark = "x" if n in sizes[-FITTED:] else ""
        cost = {"time": time, "+-": spread, "throughput": throughput}
        yield {"over": kind, "size": n} | cost | {"fitted": mark, "exponent": fit}


def exponent(sizes: Sequence[int], times: Sequence[float]) -> float:
    """p of time = c size^p, fitted to the FITTED largest sizes."""
    return float(np.polyfit(np.log(sizes[-FITTED:]), np.log(times[-FITTED:]), 1)[0])


def training_step(batch: int) -> Run:
    """One training step of the mlp."""
    images, labels = map(jnp.asarray, random_digits(batch))
    return step_and_floor(build("mlp"), images, labels)[0]


def cell_solve(width: int, batch: int = 128) -> Run:
    """Twelve evaluations of a ReLU cell of this width."""
    graphdef, state = nnx.split(ReluCell(width, 0.5, rngs=nnx.Rngs(0)))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(batch, width)), jnp.float32)

    @jax.jit
    def run(state: nnx.State, x: jax.Array) -> jax.Array:
        cell = nnx.merge(graphdef, state)
        return solve(lambda z: cell(z, x), jnp.zeros_like(x), Picard(tol=0.0, max_nfe=12)).z

    return lambda: run(state, x)


def on_devices(repeat: int, devices: Sequence[int]) -> list[dict[str, Any]]:
    """The rows over devices, from a process that has that many."""
    flag = f"--xla_force_host_platform_device_count={max(devices)}"
    code = f"import json; from benchmarks.scaling import *; print(json.dumps(shared({repeat}, {tuple(devices)})))"
    environment = os.environ | {"XLA_FLAGS": flag, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def shared(repeat: int, devices: Sequence[int]) -> list[dict[str, Any]]:
    """Training steps on several devices: the mlp at batch 512, then each model by its own recipe."""
    recipe = Recipe(Picard(tol=0.0, max_nfe=12), batch_size=512)
    cases = {"devices": ("mlp", recipe, devices)}
    cases |= {f"devices, {name}": (name, replace(RECIPES[name], batch_size=128), PAIR) for name in TRAINED}
    found = []
    for kind, (name, recipe, counts) in cases.items():
        runs = {n: training_steps(name, recipe, n) for n in counts}
        found += grown(kind, counts, runs, repeat, weights=[1] * len(counts))
    return found


if __name__ == "__main__":
    chosen = arguments(__doc__.partition("\n")[0])
    report("Time and throughput over the first row's", rows(chosen.repeat), chosen.json)
