"""Training settings of each model, used by the command line and the pages."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace
from typing import Any

from deq.data.augment import Augmentation
from deq.gradients import Gradient, Implicit, Phantom, ThroughODE, Unrolled
from deq.models.settings import from_dict, to_dict
from deq.solvers import Anderson, ODEFlow, Picard, Solver


@dataclass(frozen=True)
class Recipe:
    """Settings of one training run. Hashable: equal settings share compiled code.

    warmup: share of all steps in which the learning rate rises; then it falls to zero along a cosine. clip:
    bound on the gradient's global norm. average: decay of the running mean of the weights that becomes the
    result (0: use the last weights). jacobian: weight of ||df/dz||_F^2 / n in the loss. steps_per_call: steps
    per compiled call on a CPU; an accelerator runs at least an epoch. patience: updates in a row without an
    equilibrium before the run is stopped (0: never stop). precision: of products in the cell, see `equilibrium`.
    """

    solver: Solver
    gradient: Gradient = Implicit()
    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 1e-3
    warmup: float = 0.05
    weight_decay: float = 0.0
    clip: float = 1.0
    label_smoothing: float = 0.0
    jacobian: float = 0.0
    average: float = 0.0
    augmentation: Augmentation | None = None
    steps_per_call: int = 39
    patience: int = 500
    precision: str = "float32"


def recipe_as_dict(recipe: Recipe) -> dict[str, Any]:
    """A recipe as nested plain data."""
    found = {field.name: getattr(recipe, field.name) for field in dataclasses.fields(recipe)}
    found |= {"solver": to_dict(recipe.solver), "gradient": to_dict(recipe.gradient)}
    if recipe.augmentation is not None:
        found["augmentation"] = dataclasses.asdict(recipe.augmentation)
    return found


def recipe_from_dict(data: dict[str, Any]) -> Recipe:
    """The inverse of `recipe_as_dict`; keys that are no part of a recipe are ignored. Raises ValueError."""
    found = {field.name: data[field.name] for field in dataclasses.fields(Recipe) if field.name in data}
    found |= {name: from_dict(found[name]) for name in ("solver", "gradient") if name in found}
    try:
        if found.get("augmentation") is not None:
            found["augmentation"] = Augmentation(**found["augmentation"])
        return Recipe(**found)
    except TypeError as error:
        raise ValueError("These settings are not a recipe of this version of deq.") from error


RECIPES: dict[str, Recipe] = {
    "toy": Recipe(
        solver=Anderson(tol=1e-5, max_nfe=50),
        gradient=Implicit(Anderson(tol=1e-5, max_nfe=50)),
        epochs=1000,
        batch_size=10,
        learning_rate=0.05,
        warmup=0.0,
        steps_per_call=100,
    ),
    "blog": Recipe(
        solver=ODEFlow(tol=1e-3, max_nfe=300),
        gradient=Implicit(Anderson(tol=1e-3, max_nfe=30)),
        epochs=20,
        learning_rate=2e-3,
        jacobian=1.0,
        average=0.999,
        augmentation=Augmentation(),
    ),
    "mlp": Recipe(
        solver=Anderson(tol=1e-3, max_nfe=30),
        gradient=Implicit(Anderson(tol=1e-3, max_nfe=30)),
        epochs=30,
        learning_rate=5e-3,
        weight_decay=1e-4,
        average=0.999,
        augmentation=Augmentation(),
    ),
    "monotone": Recipe(
        solver=Anderson(tol=1e-3, max_nfe=60),
        gradient=Implicit(Anderson(tol=1e-3, max_nfe=30)),
        epochs=30,
        learning_rate=5e-3,
        jacobian=0.2,
        average=0.999,
        augmentation=Augmentation(),
    ),
    "conv": Recipe(
        solver=Picard(tol=1e-3, max_nfe=30),
        gradient=Phantom(),
        epochs=30,
        learning_rate=6e-3,
        weight_decay=1e-3,
        label_smoothing=0.05,
        jacobian=0.5,
        average=0.999,
        augmentation=Augmentation(10, 0.1, 0.1, 1.5, elastic=1.0, stroke=0.5, blur=0.3),
    ),
}
DENSE = replace(RECIPES["mlp"], augmentation=None)  # for vectors
RECIPES["multiscale"] = replace(RECIPES["conv"], epochs=10)

# Without an equilibrium: each replaces the solve and its gradient.
BASELINES: dict[str, Gradient] = {
    "explicit": Unrolled(steps=1),
    "unrolled": Unrolled(steps=5),
    "neural-ode": ThroughODE(t1=1.0, tol=1e-3, max_steps=32),
}
