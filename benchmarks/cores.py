"""Training steps on one device and on a device a core. python -m benchmarks.cores [--json] [--repeat N]

The time of the same twenty steps on one device over that on as many devices as share a batch of 128 by themselves, see
deq.devices.use_cores: 12 evaluations and 12 products by each solver, and the recipe that the model ships with.
Both sides of a ratio run in turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from benchmarks.timing import arguments, ratio, report
from benchmarks.training import training_steps
from deq import Anderson, Implicit, Phantom, Picard
from deq.devices import mesh_of, use_cores
from deq.training.recipes import RECIPES, Recipe

BATCH, EVALUATIONS = 128, 12
MODELS = ("mlp", "blog", "monotone", "conv")
PICARD, ANDERSON = Picard(tol=0.0, max_nfe=EVALUATIONS), Anderson(tol=0.0, max_nfe=EVALUATIONS)
CASES = {
    "Picard, implicit": Recipe(PICARD, Implicit(PICARD)),
    "Anderson, implicit": Recipe(ANDERSON, Implicit(ANDERSON)),
    "Picard, one-step": Recipe(PICARD, Phantom()),
}


def rows(repeat: int, models: tuple[str, ...] = MODELS) -> Iterator[dict[str, Any]]:
    """One row a model and case."""
    for name in models:
        for label, recipe in (CASES | {"its own recipe": RECIPES[name]}).items():
            recipe = replace(recipe, batch_size=BATCH)
            one, all_of_them = (training_steps(name, recipe, devices) for devices in (1, None))
            gain, spread = ratio(one, all_of_them, repeat)
            devices = mesh_of(None, BATCH).size
            yield {"model": name, "case": label, "devices": devices, "gain": gain, "+-": spread}


if __name__ == "__main__":
    use_cores()
    chosen = arguments(__doc__.partition("\n")[0])
    report("Time of a training step on one device over that on all cores", rows(chosen.repeat), chosen.json)
