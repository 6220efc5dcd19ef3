"""Models by name, with fresh weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from deq.cells import (
    Conv,
    GroupNorm,
    MessageCell,
    MonotoneDense,
    MultiscaleCell,
    ReluCell,
    ResidualConvCell,
    RowCell,
    TwoLayerCell,
)
from deq.cells.messages import silence
from deq.models.model import EquilibriumModel, cell_start, flattened, identity, numbers, picture, pixels
from deq.models.multiscale import JoinedCell, Pyramid
from deq.solvers.state import Layout


def toy(*, rngs: nnx.Rngs) -> EquilibriumModel:
    """y = 2x from the blog post, see deq.cells.dense: z* = W2 (W1 (z* + x) + b1) + b2, scalars; 16 parameters.

    With the blog post's initial weights 1 seed in 11 diverges; with weights half as large none of 24 does.
    """
    return EquilibriumModel(identity, TwoLayerCell(1, 5, identity, 0.5, rngs=rngs), identity)


def blog(*, rngs: nnx.Rngs) -> EquilibriumModel:
    """Dense(784, 100), cell 100 → 500 tanh → 100 at z + x, Dense(100, 10); 180,110 parameters.

    As in the blog post, see deq.cells.dense.
    """
    return EquilibriumModel(
        nnx.Sequential(pixels, nnx.Linear(784, 100, rngs=rngs)),
        TwoLayerCell(100, 500, jnp.tanh, 1.0, rngs=rngs),
        nnx.Linear(100, 10, rngs=rngs),
        start=cell_start,
    )


def mlp(*, rngs: nnx.Rngs) -> EquilibriumModel:
    """Dense(784, 128), cell relu(A z) + relu(B x) of width 128, Dense(128, 10); 134,538 parameters."""
    return EquilibriumModel(
        nnx.Sequential(pixels, nnx.Linear(784, 128, rngs=rngs)),
        ReluCell(128, 0.5, rngs=rngs),
        nnx.Linear(128, 10, rngs=rngs),
    )


def monotone(m: float = 1.0, *, rngs: nnx.Rngs) -> EquilibriumModel:
    """Dense(784, 87), a monotone cell relu(W z + x) of width 87, Dense(87, 10); 84,313 parameters.

    I - W >= m I, so there is exactly one equilibrium per picture, for any weights; the larger m, the less it moves with
    the picture. Winston & Kolter (2020), arXiv:2006.08591.
    """
    return EquilibriumModel(
        nnx.Sequential(pixels, nnx.Linear(784, 87, rngs=rngs)),
        MonotoneDense(87, m, rngs=rngs),
        nnx.Linear(87, 10, rngs=rngs),
    )


def conv(*, rngs: nnx.Rngs) -> EquilibriumModel:
    """Four convolutions, a residual cell on the 4 x 4 x 36 feature map, Dense(576, 10); 52,610 parameters.

    The second convolution keeps the size of 14 x 14: without it, a fifth more of distorted digits are misread.
    """
    return EquilibriumModel(
        nnx.Sequential(
            *(picture, Conv(1, 24, 5, stride=2, rngs=rngs), GroupNorm(24, 6), jax.nn.relu),
            *(Conv(24, 24, 3, rngs=rngs), GroupNorm(24, 6), jax.nn.relu),
            *(Conv(24, 32, 3, stride=2, rngs=rngs), GroupNorm(32, 8), jax.nn.relu),
            *(Conv(32, 36, 3, stride=2, rngs=rngs), GroupNorm(36, 6)),
        ),
        ResidualConvCell(36, groups=6, rngs=rngs),
        nnx.Sequential(flattened, nnx.Linear(4 * 4 * 36, 10, rngs=rngs)),
    )


def multiscale(*, rngs: nnx.Rngs) -> EquilibriumModel:
    """Feature maps of 7 x 7 x 18 and 4 x 4 x 36 that settle together; injections of both sizes; Dense(1458, 10).

    After Bai, Koltun & Kolter (2020), arXiv:2006.08656; 61,030 parameters.
    """
    shapes = ((7, 7, 18), (4, 4, 36))
    layout = Layout.of(tuple(jax.ShapeDtypeStruct((1, *shape), jnp.float32) for shape in shapes))
    return EquilibriumModel(
        Pyramid(
            nnx.Sequential(
                *(picture, Conv(1, 24, 5, stride=2, rngs=rngs), GroupNorm(24, 6), jax.nn.relu),
                *(Conv(24, 18, 3, stride=2, rngs=rngs), GroupNorm(18, 6)),
            ),
            nnx.Sequential(jax.nn.relu, Conv(18, 36, 3, stride=2, rngs=rngs), GroupNorm(36, 6)),
        ),
        JoinedCell(MultiscaleCell((18, 36), groups=6, rngs=rngs), layout),
        nnx.Linear(layout.size, 10, rngs=rngs),
    )


def prefix(*, rngs: nnx.Rngs) -> EquilibriumModel:
    """The parity of the bits so far, at each place of a row of any length: 48 channels; 28,034 parameters."""
    return EquilibriumModel(
        nnx.Sequential(numbers, Conv(1, 48, 3, axes=1, rngs=rngs)),
        RowCell(48, layers=3, rngs=rngs),
        nnx.Linear(48, 2, rngs=rngs),
    )


def maze(*, rngs: nnx.Rngs) -> EquilibriumModel:
    """The path through a maze of any size, from messages of 16 numbers between rooms; 738 parameters."""
    return EquilibriumModel(
        numbers,
        MessageCell(2, 16, rngs=rngs),
        nnx.Linear(4 * 16, 2, rngs=rngs),
        start=silence,
    )


MODELS: dict[str, Callable[..., EquilibriumModel]] = {
    "toy": toy,
    "blog": blog,
    "mlp": mlp,
    "monotone": monotone,
    "conv": conv,
    "multiscale": multiscale,
    "prefix": prefix,
    "maze": maze,
}


TASK_MODELS = {
    "toy": "toy",
    "prefix_sums": "prefix",
    "mazes": "maze",
}  # by task, the model that alone fits it
PICTURE_MODELS = [name for name in MODELS if name not in TASK_MODELS.values()]


def build(name: str, seed: int = 0) -> EquilibriumModel:
    """A model with fresh weights. Raises ValueError for a name that is not in MODELS."""
    if name not in MODELS:
        raise ValueError(f"Unknown model {name!r}; choose from {sorted(MODELS)}.")
    return nnx.merge(_structure(name), _fresh(name, jax.random.key(seed)))


@lru_cache
def _structure(name: str) -> nnx.GraphDef:
    return nnx.split(nnx.eval_shape(lambda: MODELS[name](rngs=nnx.Rngs(0))))[0]


# One program for all arrays of a model: each of a new shape would be one more to compile.
@partial(jax.jit, static_argnums=0)
def _fresh(name: str, key: Array) -> nnx.State:
    return nnx.split(MODELS[name](rngs=nnx.Rngs(key)))[1]
