"""The training step that ships, on pictures of chance, each batch shared by so many devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from flax import nnx

from deq.data import Examples, cross_entropy
from deq.devices import everywhere, mesh_of
from deq.models import build
from deq.training.recipes import Recipe
from deq.training.step import Program, run_steps, start_state

STEPS = 20


def training_steps(name: str, recipe: Recipe, devices: int | None) -> Callable[[], Any]:
    """STEPS training steps in one compiled call; devices as in `deq.devices.mesh_of`."""
    rng, batch = np.random.default_rng(0), recipe.batch_size
    examples = Examples(rng.integers(0, 256, (batch, 28, 28, 1), np.uint8), rng.integers(0, 10, batch))
    graphdef, parameters, rest = nnx.split(build(name), nnx.Param, ...)  # type: ignore[misc]
    mesh = mesh_of(devices, batch)
    program = Program(graphdef, cross_entropy, recipe, mesh)
    kept = [everywhere(start_state(parameters, recipe), mesh)]
    fixed = everywhere((rest, examples, np.arange(batch), np.asarray(0), np.asarray(10**9)), mesh)

    def run() -> Any:
        kept[0], health = run_steps(program, kept[0], *fixed, STEPS)
        return health

    return run
