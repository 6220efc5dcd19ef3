"""Models by description: the parts of a fully connected equilibrium model, chosen one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from deq.models.model import EquilibriumModel, pixels

BOUND = 0.95  # Lipschitz constant of a bounded cell, below 1
WIDEST = 1024


def _linear(u: Array) -> Array:
    return u


# All have slopes within [0, 1], so that bounded weights make a contraction.
ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "elu": jax.nn.elu,
    "linear": _linear,
}
# Where the injection x enters the layer; s is the activation.
INJECTIONS = {
    "with the state": "s(W (z + x) + b)",
    "before the activation": "s(W z + U x + b)",
    "after the activation": "s(W z + b) + s(U x)",
}
NORMALISATIONS = {
    "none": "the weights are free",
    "layer norm": "every layer's sum has mean 0 and variance 1",
    "bounded weights": f"the cell shrinks every distance at least by {BOUND}: one equilibrium, always found",
}
CELLS = {"one layer": "f(z, x) is the layer", "two layers": "f(z, x) = V layer + c, the layer wider"}


@dataclass(frozen=True)
class Architecture:
    """Dense(inputs, width) -> the equilibrium of a cell of that width -> Dense(width, outputs).

    inputs: numbers in one input, 784 in a picture. outputs: classes or target numbers. hidden: width of
    the inner layer of a cell of two. cell, activation, injection, normalisation: see CELLS, ACTIVATIONS,
    INJECTIONS and NORMALISATIONS. Raises ValueError for what is not there.
    """

    inputs: int
    outputs: int
    cell: str = "one layer"
    width: int = 64
    hidden: int = 128
    activation: str = "tanh"
    injection: str = "before the activation"
    normalisation: str = "none"

    def __post_init__(self) -> None:
        _require("cell", self.cell, CELLS)
        _require("activation", self.activation, ACTIVATIONS)
        _require("injection", self.injection, INJECTIONS)
        _require("normalisation", self.normalisation, NORMALISATIONS)
        for name in ("inputs", "outputs", "width", "hidden"):
            size = getattr(self, name)
            if not isinstance(size, int) or not 1 <= size <= WIDEST:
                raise ValueError(f"{name} must be a whole number from 1 to {WIDEST}; got {size!r}.")


def construct(architecture: Architecture, seed: int = 0) -> EquilibriumModel:
    """The model with fresh weights."""
    rngs = nnx.Rngs(seed)
    return EquilibriumModel(
        nnx.Sequential(pixels, nnx.Linear(architecture.inputs, architecture.width, rngs=rngs)),
        DenseCell(architecture, rngs=rngs),
        nnx.Linear(architecture.width, architecture.outputs, rngs=rngs),
    )


class BoundedLinear(nnx.Module):
    """z W + b with W shrunk until sqrt(||W||_1 ||W||_inf) <= bound, hence ||W||_2 <= bound. (batch, inputs)."""

    def __init__(self, inputs: int, outputs: int, bound: float, *, rngs: nnx.Rngs) -> None:
        init = nnx.initializers.lecun_normal()
        self.kernel = nnx.Param(init(rngs.params(), (inputs, outputs)))
        self.bias = nnx.Param(jnp.zeros(outputs))
        self.bound = bound

    def __call__(self, z: Array) -> Array:
        kernel, size = self.kernel[...], jnp.abs(self.kernel[...])
        largest = jnp.sqrt(size.sum(axis=0).max() * size.sum(axis=1).max())
        shrunk = kernel * jnp.minimum(1.0, self.bound / jnp.maximum(largest, 1e-12))
        return z @ shrunk + self.bias[...]


class DenseCell(nnx.Module):
    """The layer of INJECTIONS, or two, as CELLS tells. z, x: (batch, width)."""

    def __init__(self, architecture: Architecture, *, rngs: nnx.Rngs) -> None:
        two = architecture.cell == "two layers"
        width, inner = architecture.width, architecture.hidden if two else architecture.width
        normalised = architecture.normalisation == "layer norm"
        self.state = _map(architecture, width, inner, rngs)
        self.injected = None if architecture.injection == "with the state" else _free(width, inner, rngs)
        half = nnx.initializers.constant(
            0.5
        )  # a norm undoes small weights: its own scale starts small instead
        self.norm = nnx.LayerNorm(inner, scale_init=half, rngs=rngs) if normalised else None
        self.out = _map(architecture, inner, width, rngs) if two else None
        self.after = architecture.injection == "after the activation"
        self.activation = ACTIVATIONS[architecture.activation]

    def __call__(self, z: Array, x: Array) -> Array:
        total = self.state(z + x) if self.injected is None else self.state(z)
        if self.injected is not None and not self.after:
            total = total + self.injected(x)
        y = self.activation(total if self.norm is None else self.norm(total))
        if self.injected is not None and self.after:
            y = y + self.activation(self.injected(x))
        return y if self.out is None else self.out(y)


def _map(architecture: Architecture, inputs: int, outputs: int, rngs: nnx.Rngs) -> nnx.Module:
    """A layer that acts on the state: it starts small, so that there is an equilibrium to begin with."""
    two = architecture.cell == "two layers"
    if architecture.normalisation == "bounded weights":
        return BoundedLinear(inputs, outputs, BOUND**0.5 if two else BOUND, rngs=rngs)
    small = nnx.initializers.variance_scaling(0.5 if two else 0.25, "fan_avg", "truncated_normal")
    return nnx.Linear(inputs, outputs, kernel_init=small, rngs=rngs)


def _free(inputs: int, outputs: int, rngs: nnx.Rngs) -> nnx.Module:
    """The injection's own layer; the state's has the bias."""
    return nnx.Linear(inputs, outputs, use_bias=False, rngs=rngs)


def _require(what: str, name: str, table: dict[str, Any]) -> None:
    if name not in table:
        raise ValueError(f"Unknown {what} {name!r}; choose from {', '.join(table)}.")
