"""Fully connected equilibrium models built from a description of their parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from deq.models.model import EquilibriumModel, pixels

BOUND = 0.95  # Lipschitz constant of a bounded cell; below 1, so it is a contraction
WIDEST = 1024


def _linear(u: Array) -> Array:
    return u


# All have slopes in [0, 1], so bounded weights make the cell a contraction.
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
    "none": "unconstrained weights",
    "layer norm": "pre-activations have mean 0 and variance 1",
    "bounded weights": f"a contraction with constant {BOUND}: exactly one equilibrium",
}
CELLS = {"one layer": "f(z, x) is the layer", "two layers": "f(z, x) = V layer + c, with a wider layer"}


@dataclass(frozen=True)
class Architecture:
    """Dense(inputs, width) -> the equilibrium of a cell of that width -> Dense(width, outputs).

    inputs: numbers per input, 784 for a picture. outputs: number of classes or of regression targets. hidden:
    width of the inner layer of a two-layer cell. cell, activation, injection, normalisation: keys of CELLS,
    ACTIVATIONS, INJECTIONS and NORMALISATIONS. Raises ValueError for any other value.
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
    """z W + b with W scaled so that sqrt(||W||_1 ||W||_inf) <= bound, hence ||W||_2 <= bound. z: (batch, inputs)."""

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
    """One or two layers, see CELLS; x enters as in INJECTIONS. z, x: (batch, width)."""

    def __init__(self, architecture: Architecture, *, rngs: nnx.Rngs) -> None:
        two = architecture.cell == "two layers"
        width, inner = architecture.width, architecture.hidden if two else architecture.width
        normalised = architecture.normalisation == "layer norm"
        self.state = _state_layer(architecture, width, inner, rngs)
        self.injected = (
            None if architecture.injection == "with the state" else _injection_layer(width, inner, rngs)
        )
        half = nnx.initializers.constant(
            0.5
        )  # layer norm cancels small weights, so its scale starts small instead
        self.norm = nnx.LayerNorm(inner, scale_init=half, rngs=rngs) if normalised else None
        self.out = _state_layer(architecture, inner, width, rngs) if two else None
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


def _state_layer(architecture: Architecture, inputs: int, outputs: int, rngs: nnx.Rngs) -> nnx.Module:
    """A layer acting on the state, with small initial weights so that a fresh model has an equilibrium."""
    two = architecture.cell == "two layers"
    if architecture.normalisation == "bounded weights":
        return BoundedLinear(inputs, outputs, BOUND**0.5 if two else BOUND, rngs=rngs)
    small = nnx.initializers.variance_scaling(0.5 if two else 0.25, "fan_avg", "truncated_normal")
    return nnx.Linear(inputs, outputs, kernel_init=small, rngs=rngs)


def _injection_layer(inputs: int, outputs: int, rngs: nnx.Rngs) -> nnx.Module:
    """The injection's layer, without a bias: the state's layer has one."""
    return nnx.Linear(inputs, outputs, use_bias=False, rngs=rngs)


def _require(what: str, name: str, table: dict[str, Any]) -> None:
    if name not in table:
        raise ValueError(f"Unknown {what} {name!r}; choose from {', '.join(table)}.")
