"""Fully connected cells. States and injections: (batch, width)."""

from __future__ import annotations

from collections.abc import Callable

import jax
from flax import nnx
from jax import Array


class TwoLayerCell(nnx.Module):
    """f(z, x) = W2 s(W1 (z + x) + b1) + b2: two dense layers applied to z + x. z, x: (batch, width).

    The cell of the blog post julialang.org/blog/2021/10/DEQ: width 1, hidden 5 and no activation for y = 2x; width 100,
    hidden 500 and tanh for digits. scale multiplies the usual initial weights: if an affine cell's slope starts above
    1, fixed-point iteration diverges.
    """

    def __init__(
        self,
        width: int,
        hidden: int,
        activation: Callable[[Array], Array],
        scale: float,
        *,
        rngs: nnx.Rngs,
    ) -> None:
        init = nnx.initializers.variance_scaling(scale**2, "fan_avg", "uniform")
        self.into = nnx.Linear(width, hidden, kernel_init=init, rngs=rngs)
        self.out = nnx.Linear(hidden, width, kernel_init=init, rngs=rngs)
        self.activation = activation

    def __call__(self, z: Array, x: Array) -> Array:
        return self.out(self.activation(self.into(z + x)))


class ReluCell(nnx.Module):
    """f(z, x) = relu(A z) + relu(B x), without biases. z, x: (batch, width).

    relu(B x) does not depend on z, so XLA computes it once per solve.
    """

    def __init__(self, width: int, scale: float, *, rngs: nnx.Rngs) -> None:
        shrunk = nnx.initializers.variance_scaling(scale**2, "fan_in", "truncated_normal")
        self.state = nnx.Linear(width, width, use_bias=False, kernel_init=shrunk, rngs=rngs)
        self.injection = nnx.Linear(width, width, use_bias=False, rngs=rngs)

    def __call__(self, z: Array, x: Array) -> Array:
        return jax.nn.relu(self.state(z)) + jax.nn.relu(self.injection(x))
