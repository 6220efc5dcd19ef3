"""What a learned start saves: evaluations and CPU time of solves and of training steps, with and without it.

    MNIST_DIR=... python -m benchmarks.learned_start --model mlp --steps 400

The shipped weights are trained on with a fresh start, so the equilibria are those of a trained model. Both ways have
the same weights and take turns; CPU time is of the whole process, so other load on the machine matters little.
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

from benchmarks.timing import parser, report
from benchmarks.training import STEPS, steps_of
from deq.data import Examples, cross_entropy, load_dataset
from deq.models import EquilibriumModel, load_pretrained
from deq.models.inference import infer
from deq.models.start import plain_start
from deq.training.fitting import with_start
from deq.training.recipes import RECIPES

TOLERANCES, DIGITS = (1e-3, 1e-5), 1000


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


def rows(name: str, seed: int, steps: int, repeat: int) -> Iterator[dict[str, Any]]:
    """For one model and seed: the solves of test digits at each tolerance, then a training step."""
    data = load_dataset("mnist")
    train = Examples(data.train_images, data.train_labels)
    recipe = replace(RECIPES[name], warmup=0.0, learning_rate=1e-3, learned_start=True)
    model = with_start(load_pretrained(name).model, recipe, train.x, seed)
    run, current = steps_of(model, recipe, cross_entropy, train, 1)
    for _ in range(steps // STEPS):
        health = run()
    learned = current()
    head = {"model": name, "seed": seed}
    for tol in TOLERANCES:
        yield (
            head
            | {"what": f"solve, tol {tol:g}"}
            | solves(learned, data.test_images[:DIGITS], name, tol, repeat)
        )
    other, _ = steps_of(plain_start(learned), replace(recipe, learned_start=False), cross_entropy, train, 1)
    without = other()
    calls = {"nfe without": float(without.metrics.nfe), "nfe with": float(health.metrics.nfe)}
    yield head | {"what": f"{STEPS} training steps"} | calls | both(run, other, repeat)


def solves(model: EquilibriumModel, x: np.ndarray, name: str, tol: float, repeat: int) -> dict[str, Any]:
    solver = replace(RECIPES[name].solver, tol=tol, max_nfe=300)
    learned, plain = (partial(infer, one, x, solver) for one in (model, plain_start(model)))
    calls = {"nfe without": float(plain().nfe.mean()), "nfe with": float(learned().nfe.mean())}
    return calls | both(learned, plain, repeat)


if __name__ == "__main__":
    options = parser(__doc__.splitlines()[0])
    options.add_argument("--model", default="mlp", choices=["mlp", "blog", "conv", "monotone"])
    options.add_argument("--seeds", type=int, default=2)
    options.add_argument("--steps", type=int, default=400)
    asked = options.parse_args()
    found = [row for seed in range(asked.seeds) for row in rows(asked.model, seed, asked.steps, asked.repeat)]
    report("A learned start", found, asked.json)
