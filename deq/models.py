"""Models: encoder -> equilibrium -> head."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from deq.cells import Conv, GroupNorm, MonotoneDense, ReluCell, ResidualConvCell, TwoLayerCell
from deq.gradients import Gradient, Implicit, Probe, equilibrium
from deq.solvers import Anderson, Solution, Solver

Layer = Callable[[Array], Array]


def zero_start(cell: nnx.Module, x: Array) -> Array:
    """z0 = 0, of the injection's shape."""
    return jnp.zeros_like(x)


def cell_start(cell: nnx.Module, x: Array) -> Array:
    """z0 = f(0, x), the blog's start."""
    return cell(jnp.zeros_like(x), x)


class EquilibriumModel(nnx.Module):
    """y = head(z*), z* = cell(z*, encode(x)).

    encoder: x -> the injection, (batch, ...) of the state's shape. start: (cell, injection) -> z0.
    """

    def __init__(
        self,
        encoder: Layer,
        cell: nnx.Module,
        head: Layer,
        start: Callable[[nnx.Module, Array], Array] = zero_start,
    ) -> None:
        self.encoder = encoder
        self.cell = cell
        self.head = head
        self.start_rule = start
        self.temperature = 1.0  # of the probabilities, see deq.calibration

    def __call__(
        self,
        x: Array,
        solver: Solver = Anderson(),
        gradient: Gradient = Implicit(),
        probe: Probe | None = None,
    ) -> tuple[Array, Solution]:
        """x: (batch, ...) -> outputs (batch, classes) and the Solution behind them."""
        injection = self.encode(x)
        solution = equilibrium(self.cell, injection, self.start(injection), solver, gradient, probe)
        return self.head(solution.z), solution

    def probabilities(self, z: Array) -> Array:
        """Calibrated class probabilities of a state: (batch, ...) -> (batch, classes)."""
        return jax.nn.softmax(self.head(z) / self.temperature)

    def encode(self, x: Array) -> Array:
        """The injection of x: (batch, ...), constant through a solve."""
        return self.encoder(x)

    def start(self, injection: Array) -> Array:
        """z0 for an injection. The equilibrium does not depend on it, so neither does a gradient."""
        return jax.lax.stop_gradient(self.start_rule(self.cell, injection))


def pixels(images: Array) -> Array:
    """uint8 (batch, 28, 28, 1) -> float32 (batch, 784) in [0, 1]; floating images are only flattened."""
    return _flat(picture(images))


def picture(images: Array) -> Array:
    """uint8 images -> float32 in [0, 1], of the same shape; floating images are left as they are."""
    return images.astype(jnp.float32) / 255 if images.dtype == jnp.uint8 else images


def _flat(x: Array) -> Array:
    return x.reshape(x.shape[0], -1)


def _identity(x: Array) -> Array:
    return x


def toy(*, rngs: nnx.Rngs) -> EquilibriumModel:
    """The blog's y = 2x: z* = W2 (W1 (z* + x) + b1) + b2, one number in, z* out; 16 parameters.

    The blog's initial weights diverge for one seed in eleven; half their size does for none of 24.
    """
    return EquilibriumModel(_identity, TwoLayerCell(1, 5, _identity, 0.5, rngs=rngs), _identity)


def blog(*, rngs: nnx.Rngs) -> EquilibriumModel:
    """The blog's digit reader: Dense(784, 100), cell 100-500 tanh-100 at z + x, Dense(100, 10); 180,110 parameters."""
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


def monotone(*, rngs: nnx.Rngs) -> EquilibriumModel:
    """Dense(784, 87), the monotone cell relu(W z + x) of width 87 with I - W >= I, Dense(87, 10); 84,313 parameters.

    One equilibrium for every picture, whatever the weights. Winston & Kolter (2020), arXiv:2006.08591.
    """
    return EquilibriumModel(
        nnx.Sequential(pixels, nnx.Linear(784, 87, rngs=rngs)),
        MonotoneDense(87, rngs=rngs),
        nnx.Linear(87, 10, rngs=rngs),
    )


def conv(*, rngs: nnx.Rngs) -> EquilibriumModel:
    """Three strided convolutions, a residual cell on their 4 x 4 x 36 map, Dense(576, 10); 51,714 parameters."""
    return EquilibriumModel(
        nnx.Sequential(
            *(picture, Conv(1, 24, 5, stride=2, rngs=rngs), GroupNorm(24, 6), jax.nn.relu),
            *(Conv(24, 40, 3, stride=2, rngs=rngs), GroupNorm(40, 8), jax.nn.relu),
            *(Conv(40, 36, 3, stride=2, rngs=rngs), GroupNorm(36, 6)),
        ),
        ResidualConvCell(36, groups=6, rngs=rngs),
        nnx.Sequential(_flat, nnx.Linear(4 * 4 * 36, 10, rngs=rngs)),
    )


MODELS: dict[str, Callable[..., EquilibriumModel]] = {
    "toy": toy,
    "blog": blog,
    "mlp": mlp,
    "monotone": monotone,
    "conv": conv,
}


def build(name: str, seed: int = 0) -> EquilibriumModel:
    """A model with fresh weights. Raises ValueError for a name that is not in MODELS."""
    if name not in MODELS:
        raise ValueError(f"Unknown model {name!r}; choose from {sorted(MODELS)}.")
    return MODELS[name](rngs=nnx.Rngs(seed))


def count_parameters(model: nnx.Module) -> int:
    """Trainable numbers in a model."""
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))
