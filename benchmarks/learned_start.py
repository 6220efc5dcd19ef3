"""What a learned start saves: evaluations and CPU time of solves and of training steps, with and without it.

    MNIST_DIR=... python -m benchmarks.learned_start --model mlp --updates 1000 --training

A start is fitted to the equilibria of the shipped weights, which stay as they are. Both ways have the same weights and
take turns; CPU time is that of the whole process, so other load on the machine matters little.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy as np
import optax
from flax import nnx
from jax import Array

from benchmarks.timing import parser, report
from benchmarks.training import STEPS, steps_of
from deq.data import Examples, cross_entropy, load_dataset
from deq.models import EquilibriumModel, load_pretrained
from deq.models.inference import BATCH, encode, infer
from deq.models.start import plain_start, start_loss
from deq.training.fitting import with_start
from deq.training.recipes import RECIPES

TOLERANCES, DIGITS, FITTED = (1e-3, 1e-5), 500, 4000


def cpu_ms(run: Callable[[], Any]) -> float:
    began = time.process_time()
    jax.block_until_ready(run())
    return 1e3 * (time.process_time() - began)


def both(learned: Callable[[], Any], plain: Callable[[], Any], repeat: int) -> dict[str, float]:
    """Median CPU milliseconds with and without, taking turns, and the median of their ratio."""
    for run in (learned, plain):
        jax.block_until_ready(run())
    times = [(cpu_ms(learned), cpu_ms(plain)) for _ in range(repeat)]
    with_it, without = (statistics.median(column) for column in zip(*times, strict=True))
    return {
        "ms without": without,
        "ms with": with_it,
        "ratio": statistics.median(one / other for one, other in times),
    }


def rows(name: str, seed: int, updates: int, repeat: int, training: bool) -> Iterator[dict[str, Any]]:
    """For one model and seed: the solves of test digits at each tolerance, then training steps if asked for."""
    data = load_dataset("mnist")
    model = fitted(name, data.train_images[:FITTED], seed, updates)
    head = {"model": name, "seed": seed}
    for tol in TOLERANCES:
        found = solves(model, data.test_images[:DIGITS], name, tol, repeat)
        yield head | {"what": f"solve, tol {tol:g}"} | found
    if training:
        train = Examples(data.train_images, data.train_labels)
        recipe = replace(RECIPES[name], warmup=0.0, learning_rate=1e-4)
        run, other = (
            steps_of(one, recipe, cross_entropy, train, 1)[0] for one in (model, plain_start(model))
        )
        calls = {"nfe without": float(other().metrics.nfe), "nfe with": float(run().metrics.nfe)}
        yield head | {"what": f"{STEPS} training steps"} | calls | both(run, other, repeat)


def fitted(name: str, x: np.ndarray, seed: int, updates: int) -> EquilibriumModel:
    """The shipped model with a start fitted to its equilibria for x: batches of 128, Adam with a cosine from 5e-3."""
    recipe = replace(RECIPES[name], learned_start=True)
    model = with_start(load_pretrained(name).model, recipe, x, seed)
    z = infer(model, x, replace(recipe.solver, tol=1e-5, max_nfe=300), states=True).states
    injection = np.concatenate([encode(model, x[i : i + BATCH])[0] for i in range(0, len(x), BATCH)])
    graphdef, start, rest = nnx.split(model, nnx.PathContains("start_rule"), ...)
    optimizer = optax.adam(optax.cosine_decay_schedule(5e-3, updates))

    @jax.jit
    def update(start: nnx.State, state: Any, x: Array, z: Array) -> tuple[nnx.State, Any]:
        gradient = jax.grad(lambda start: start_loss(nnx.merge(graphdef, start, rest), x, z))(start)
        changes, state = optimizer.update(gradient, state)
        return optax.apply_updates(start, changes), state

    state, random = optimizer.init(start), np.random.default_rng(seed)
    for _ in range(updates):
        rows = random.integers(0, len(x), 128)
        start, state = update(start, state, injection[rows], z[rows])
    return nnx.merge(graphdef, start, rest)


def solves(model: EquilibriumModel, x: np.ndarray, name: str, tol: float, repeat: int) -> dict[str, Any]:
    solver = replace(RECIPES[name].solver, tol=tol, max_nfe=300)
    learned, plain = (partial(infer, one, x, solver) for one in (model, plain_start(model)))
    calls = {"nfe without": float(plain().nfe.mean()), "nfe with": float(learned().nfe.mean())}
    return calls | both(learned, plain, repeat)


if __name__ == "__main__":
    options = parser(__doc__.splitlines()[0])
    options.add_argument("--model", default="mlp", choices=["mlp", "blog", "conv", "monotone"])
    options.add_argument("--seeds", type=int, default=2)
    options.add_argument(
        "--updates", type=int, default=1000, help="training updates of the start (default 1000)"
    )
    options.add_argument("--training", action="store_true", help="time training steps as well")
    asked = options.parse_args()
    seeds = range(asked.seeds)
    found = [r for s in seeds for r in rows(asked.model, s, asked.updates, asked.repeat, asked.training)]
    report("A learned start", found, asked.json)
