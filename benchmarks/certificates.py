"""Certified and attacked accuracy of monotone models: python -m benchmarks.certificates [--epochs N] [--only NAME]...

Trains `monotone` on MNIST with four margins m, and with the recipe's `certified_radius` at three radii, and certifies
the shipped ones. `L`: the bound on the change of a difference of two outputs per change of the input, L2, the largest
over pairs; `product`: the same by the product of norms over m. `certified r`: share of the test set that is read
correctly with a certified radius above r; `attacked r`: the same after the attack, of the first 1,000 digits; `broken`:
attacks within a certificate. --save DIR keeps the weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from benchmarks.timing import report
from deq import Implicit, certified_radius, fit, load_dataset, load_pretrained
from deq.analysis.attacks import nearest_changes
from deq.analysis.certificates import accurate, reader_of
from deq.cells.bounds import lipschitz_bounds
from deq.data import Dataset
from deq.data.augment import Augmentation
from deq.devices import use_cores
from deq.models import EquilibriumModel
from deq.models.affine import affine_parts
from deq.models.inference import infer
from deq.models.weights import weights_of
from deq.models.zoo import monotone
from deq.training import Finished
from deq.training.recipes import RECIPES, Recipe

SHIPPED = ("monotone", "certified-0.5", "certified")
RADII = (0.1, 0.25, 0.5, 1.0, 1.58)
ATTACKED, RESTARTS = 1000, 5
RUNS: dict[str, tuple[float, float]] = {  # name -> m, certified radius trained for
    "m = 1": (1.0, 0.0),
    "m = 5": (5.0, 0.0),
    "m = 20": (20.0, 0.0),
    "m = 50": (50.0, 0.0),
    "radius 0.5": (1.0, 0.5),
    "radius 1": (1.0, 1.0),
    "radius 1.58": (1.0, 1.58),
}


def recipe_for(m: float, radius: float, epochs: int) -> Recipe:
    """The recipe of `monotone`, damped if m is large; with a radius, the recipe of `certified`."""
    solver = replace(RECIPES["monotone"].solver, damping=1 / m)
    gradient = Implicit(replace(solver, max_nfe=30))
    plain = replace(
        RECIPES["monotone"], epochs=epochs, solver=solver, gradient=gradient, augmentation=Augmentation()
    )
    if not radius:
        return plain
    certified = replace(plain, certified_radius=radius, sharpness=10.0, augmentation=None)
    return replace(certified, learning_rate=4e-3, jacobian=0.05)


def train(m: float, radius: float, epochs: int, data: Dataset) -> Finished:
    *_, last = fit(monotone(m, rngs=nnx.Rngs(0)), data, recipe_for(m, radius, epochs))
    assert isinstance(last, Finished)
    return last


def constants(model: EquilibriumModel) -> tuple[float, float]:
    """The largest pairwise Lipschitz bound, and the product of norms."""
    parts = affine_parts(model)
    assert parts is not None
    with jax.enable_x64(True):
        reader = reader_of(parts)
        c, norm = reader.affine.c, float(jnp.linalg.norm(reader.u, 2))
        apart = float(jnp.max(jnp.linalg.norm(c[:, None] - c, axis=-1)))
        return float(lipschitz_bounds(reader.affine).logits.max()), apart * norm / reader.m


def row_of(name: str, model: EquilibriumModel, data: Dataset) -> dict[str, Any]:
    """One row of the table."""
    x, y = data.test_images, data.test_labels
    found = infer(model, x, accurate(model))
    right = found.converged & (found.labels == y)
    certified, few = certified_radius(model, x), slice(0, ATTACKED)
    *_, attack = nearest_changes(model, x[few], RESTARTS)
    bound, product = constants(model)
    row = {"model": name, "accuracy %": 100 * right.mean(), "converged %": 100 * found.converged.mean()}
    row |= {"L": bound, "product": product}
    row |= {f"certified {r}": 100 * np.mean(right & (certified > r)) for r in RADII}
    row |= {f"attacked {r}": 100 * np.mean(right[few] & (attack.distance > r)) for r in RADII}
    return row | {"broken": int((attack.distance < certified[few]).sum())}


def rows(only: list[str], epochs: int, save: Path | None) -> Iterator[dict[str, Any]]:
    data = load_dataset("mnist")
    if not only or "shipped" in only:
        for name in SHIPPED:
            yield row_of(name, load_pretrained(name).model, data) | {"seconds": 0.0, "verdict": ""}
    for name, (m, radius) in RUNS.items():
        if only and name not in only:
            continue
        finished = train(m, radius, epochs, data)
        if save:
            (save / f"{name.replace(' ', '')}.safetensors").write_bytes(weights_of(finished.model))
        yield row_of(name, finished.model, data) | {"seconds": finished.seconds, "verdict": finished.verdict}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--only", action="append", default=[], choices=["shipped", *RUNS])
    parser.add_argument("--save", type=Path)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    use_cores()
    report("Certificates on MNIST", rows(chosen.only, chosen.epochs, chosen.save), chosen.json)


if __name__ == "__main__":
    main()
