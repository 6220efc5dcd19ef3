"""Training settings of each model, used by the command line and the pages."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from deq.data.augment import Augmentation
from deq.gradients import Gradient, Implicit, Phantom, Progressive, ThroughODE, Unrolled
from deq.models.settings import from_dict, is_written, to_dict
from deq.solvers import Anderson, ODEFlow, Picard, Solver
from deq.solvers.base import later, require, require_count
from deq.solvers.precision import require_reachable
from deq.training.directions import OPTIMIZERS


@dataclass(frozen=True)
class Recipe:
    """Settings of one training run. Hashable: equal settings share compiled code.

    warmup: share of all steps in which the learning rate rises; then it falls to zero along a cosine. clip:
    bound on the gradient's global norm. average: decay of the running mean of the weights that becomes the
    result (0: use the last weights). jacobian: weight of ||df/dz||_F^2 / n in the loss. steps_per_call: steps
    per compiled call on a CPU; an accelerator runs at least an epoch. patience: unsound updates in a row (most solves
    did not converge, or most updates were not finite) before the run is stopped (0: never stop). precision: of
    products in the cell, see `equilibrium`.
    optimizer: one of OPTIMIZERS. keep_best: the result has the weights of the epoch with the best validation accuracy,
    or loss without labels, not of the last. early_stopping: epochs in a row without a better validation result before
    the run is stopped (0: never stop). restarts: epochs after which the learning rate warms up and decays again.
    certified_radius: the L2 radius, in units of x, that training aims to certify; it grows over the first half of the
    run; for models with a bound, see deq.models.affine. sharpness: multiplies the outputs in the loss; a large value
    puts less weight on answers that are already right. wander: in training, half of the solves start from noise, and
    all first run for a random number of calls less than `wander` (0: start as the model does). unrest: weight of
    ||f(z) - z||^2 / ||f(z)||^2 at the end of the solve, growing as certified_radius does. learned_start: train a start
    close to the equilibrium as well, see deq.models.start; a model that has one trains it in any case. Raises
    ValueError for a number out of range, an unknown optimizer or precision.
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
    optimizer: str = later("adamw")
    keep_best: bool = later(False)
    early_stopping: int = later(0)
    restarts: tuple[int, ...] = later(())
    certified_radius: float = later(0.0)
    sharpness: float = later(1.0)
    wander: int = later(0)
    unrest: float = later(0.0)
    learned_start: bool = later(False)

    def __post_init__(self) -> None:
        for name, (valid, wanted) in _RANGES.items():
            require(name, getattr(self, name), valid, wanted)
        for name, least in _COUNTS.items():
            require_count(name, getattr(self, name), least)
        require_reachable(self.precision)
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"Unknown optimizer {self.optimizer!r}; choose from {', '.join(OPTIMIZERS)}.")
        if list(self.restarts) != sorted({*self.restarts} - {0}):
            raise ValueError(f"restarts must be epochs in increasing order; got {list(self.restarts)}.")


_POSITIVE = (lambda value: 0 <= value < math.inf), "a number >= 0"
_RANGES: dict[str, tuple[Callable[[float], bool], str]] = {
    "learning_rate": _POSITIVE,
    "warmup": ((lambda share: 0 <= share <= 1), "a number in [0, 1]"),
    "weight_decay": _POSITIVE,
    "clip": ((lambda bound: bound > 0), "a number > 0"),
    "sharpness": ((lambda factor: 0 < factor < math.inf), "a number > 0"),
    "label_smoothing": ((lambda share: 0 <= share < 1), "a number in [0, 1)"),
    "jacobian": _POSITIVE,
    "unrest": _POSITIVE,
    "certified_radius": _POSITIVE,
    "average": ((lambda decay: 0 <= decay < 1), "a number in [0, 1)"),
}
_COUNTS = {"epochs": 1, "batch_size": 1, "steps_per_call": 1, "patience": 0, "early_stopping": 0, "wander": 0}


def recipe_as_dict(recipe: Recipe) -> dict[str, Any]:
    """A recipe as nested plain data."""
    fields = [field for field in dataclasses.fields(recipe) if is_written(field, recipe)]
    found = {field.name: getattr(recipe, field.name) for field in fields}
    found |= {"solver": to_dict(recipe.solver), "gradient": to_dict(recipe.gradient)}
    if recipe.augmentation is not None:
        found["augmentation"] = dataclasses.asdict(recipe.augmentation)
    return found


def recipe_from_dict(data: dict[str, Any]) -> Recipe:
    """The inverse of `recipe_as_dict`; keys that do not belong to a recipe are ignored. Raises ValueError."""
    found = {field.name: data[field.name] for field in dataclasses.fields(Recipe) if field.name in data}
    found |= {name: from_dict(found[name]) for name in ("solver", "gradient") if name in found}
    try:
        if found.get("augmentation") is not None:
            found["augmentation"] = Augmentation(**found["augmentation"])
        return Recipe(**found | {"restarts": tuple(found.get("restarts", ()))})
    except TypeError as error:
        raise ValueError("These settings are not a recipe of this version of deq.") from error


_DISTORTED = Augmentation(10, 0.1, 0.1, 1.5, elastic=1.0, stroke=0.5, blur=0.3)
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
        epochs=30,
        learning_rate=2e-3,
        jacobian=1.0,
        average=0.999,
        augmentation=_DISTORTED,
    ),
    "mlp": Recipe(
        solver=Anderson(tol=1e-3, max_nfe=30),
        gradient=Implicit(Anderson(tol=1e-3, max_nfe=30)),
        epochs=60,
        learning_rate=5e-3,
        weight_decay=1e-4,
        jacobian=0.2,
        average=0.999,
        augmentation=_DISTORTED,
    ),
    "monotone": Recipe(
        solver=Anderson(tol=1e-3, max_nfe=60),
        gradient=Implicit(Anderson(tol=1e-3, max_nfe=30)),
        epochs=160,
        learning_rate=5e-3,
        jacobian=0.2,
        average=0.999,
        augmentation=_DISTORTED,
    ),
    "conv": Recipe(
        solver=Picard(tol=1e-3, max_nfe=30),
        gradient=Phantom(),
        epochs=20,
        optimizer="muon",
        learning_rate=0.016,
        warmup=0.2,
        weight_decay=1e-3,
        label_smoothing=0.05,
        jacobian=0.5,
        average=0.99,
        augmentation=replace(_DISTORTED, stroke=0.0, blur=0.0),
    ),
}
# PLAIN: for a user's own pictures or models. DENSE: for vectors.
PLAIN = replace(RECIPES["mlp"], epochs=30, jacobian=0.0, augmentation=Augmentation())
DENSE = replace(PLAIN, augmentation=None)
RECIPES |= {
    "prefix": Recipe(
        solver=Picard(tol=1e-3, max_nfe=200),
        gradient=Progressive(steps=5),
        epochs=3,
        learning_rate=2e-3,
        weight_decay=1e-4,
        average=0.99,
        patience=0,
        wander=30,
        unrest=0.5,
    ),
    "maze": Recipe(
        solver=Picard(tol=1e-3, max_nfe=200),
        gradient=Phantom(steps=5),
        epochs=1,
        batch_size=16,
        learning_rate=6e-3,
        jacobian=0.1,
        average=0.99,
    ),
}
RECIPES["multiscale"] = replace(
    RECIPES["conv"],
    epochs=10,
    optimizer="adamw",
    learning_rate=6e-3,
    warmup=0.05,
    average=0.999,
    augmentation=_DISTORTED,
)

# Recipes by a name that --config takes, then by model. fast: "Time to accuracy" in benchmarks/RESULTS.md.
CONFIGS: dict[str, dict[str, Recipe]] = {
    "fast": {
        "mlp": replace(PLAIN, epochs=6, average=0.99, augmentation=Augmentation(4, 0.04, 0.04, 0.75)),
        "conv": replace(RECIPES["conv"], epochs=3),
    }
}


def shipped_config(name: str, model: str) -> Recipe:
    """The recipe of this name in CONFIGS for a model. Raises ValueError if it has none for it."""
    if model not in CONFIGS[name]:
        raise ValueError(f"There is no {name} recipe for {model}; choose from {', '.join(CONFIGS[name])}.")
    return CONFIGS[name][model]


# Training without an equilibrium: each of these replaces the solve and its gradient.
BASELINES: dict[str, Gradient] = {
    "explicit": Unrolled(steps=1),
    "unrolled": Unrolled(steps=5),
    "neural-ode": ThroughODE(t1=1.0, tol=1e-3, max_steps=32),
}
