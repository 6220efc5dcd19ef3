"""How much each part measures: on an accelerator, or in a minute on any CPU."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """What each part measures.

    models: shipped ones to check, on `digits` test pictures. gradients: by name, None for all. grid: (batch, width) of
    solves and steps. product: side of the dense product that rates are relative to. budgets: calls allowed in a step.
    most: the largest batch tried. trained: (model, test accuracy to reach, batch sizes). most_epochs, examples: of a
    training run, None for the recipe's and all. repeat: timed runs.
    """

    models: tuple[str, ...]
    digits: int
    gradients: tuple[str, ...] | None
    grid: tuple[tuple[int, int], ...]
    product: int
    budgets: tuple[int, ...]
    most: int
    trained: tuple[tuple[str, float, tuple[int, ...]], ...]
    most_epochs: int | None
    examples: int | None
    repeat: int


FULL = Sizes(
    models=("mlp", "blog", "monotone", "conv"),
    digits=10_000,
    gradients=None,
    grid=(
        *((128, 1024), (1024, 1024), (4096, 1024), (16384, 1024)),
        *((4096, 128), (4096, 512), (4096, 2048), (4096, 4096)),
    ),
    product=8192,
    budgets=(10, 100, 1000),
    most=2**20,
    trained=(("mlp", 0.988, (128, 1024)), ("conv", 0.995, (128, 1024))),
    most_epochs=None,
    examples=None,
    repeat=7,
)
SMALL = Sizes(
    models=("mlp",),
    digits=100,
    gradients=("implicit, Anderson", "implicit, GMRES", "unrolled"),
    grid=((32, 64), (64, 64)),
    product=256,
    budgets=(10, 100),
    most=256,
    trained=(("mlp", 0.5, (64,)),),
    most_epochs=2,
    examples=640,
    repeat=4,
)
