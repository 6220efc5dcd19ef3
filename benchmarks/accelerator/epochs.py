"""Is an epoch in one compiled call right: the weights after it, against the CPU's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from benchmarks.accelerator.sizes import Sizes
from deq.data import Examples, Loss, Task, classify, load_dataset, shape
from deq.devices import everywhere, mesh_of
from deq.models import EquilibriumModel, build
from deq.models.architectures import Architecture, construct
from deq.solvers import Anderson, Broyden, Picard
from deq.training.order import order_of
from deq.training.recipes import RECIPES, Recipe
from deq.training.state import split_model, start_state
from deq.training.step import Program, run_steps

FORWARD = Anderson(tol=1e-3, max_nfe=30), Broyden(tol=1e-3, max_nfe=30), Picard(tol=1e-3, max_nfe=30)


def epoch_call(
    model: EquilibriumModel, examples: Examples, loss: Loss, recipe: Recipe, mesh: Mesh
) -> tuple[Any, ...]:
    """The arguments of `run_steps` for the first epoch."""
    graphdef, _, rest, _ = split_model(model)
    train = len(examples.y)
    order = np.asarray(order_of(train, recipe.batch_size, 0, 0))
    fixed = (rest, examples, order, np.asarray(0), np.asarray([train // recipe.batch_size]))
    state, fixed = everywhere((start_state(model, recipe), fixed), mesh)
    return Program(graphdef, loss, recipe, mesh), state, *fixed, train // recipe.batch_size


def epochs(sizes: Sizes) -> Iterator[dict[str, Any]]:
    """An epoch in one call: the largest relative distance of a weight from the CPU's, and the evaluations per solve."""
    for name, (model, task, recipe) in beginnings().items():
        found = []
        for device in (jax.devices()[0], jax.devices("cpu")[0]):
            mesh = Mesh(np.array([device]), mesh_of(1, recipe.batch_size).axis_names)
            found.append(jax.device_get(run_steps(*epoch_call(model, task.train, task.loss, recipe, mesh))))
        (here, health), (there, on_cpu) = found
        distance = max(jax.tree.leaves(jax.tree.map(_apart, here.parameters, there.parameters)))
        yield {
            "run": name,
            "distance": distance,
            "calls": float(health.metrics.nfe),
            "calls on the CPU": float(on_cpu.metrics.nfe),
            "right": distance < 1e-3,
        }


def beginnings() -> dict[str, tuple[EquilibriumModel, Task, Recipe]]:
    """Small runs: by several solvers, with and without averaged weights."""
    moons, digits = shape("two moons"), classify(load_dataset("digits"))
    plain = Recipe(Anderson(tol=1e-3, max_nfe=30), batch_size=64, learning_rate=1e-2)
    small = construct(Architecture(2, 2, width=16))
    runs = {f"two moons, {type(s).__name__}": (small, moons, replace(plain, solver=s)) for s in FORWARD}
    averaged = {"two moons, averaged": (small, moons, replace(plain, average=0.9))}
    return (
        runs | averaged | {"digits, mlp": (build("mlp"), digits, replace(RECIPES["mlp"], augmentation=None))}
    )


def _apart(found: np.ndarray, exact: np.ndarray) -> float:
    return float(np.abs(found - exact).max() / max(np.abs(exact).max(), 1e-9))
