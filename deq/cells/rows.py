"""A convolutional cell for rows of any length."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from deq.cells.conv import Conv


class RowCell(nnx.Module):
    """f(z, x) = tanh(b + C_n relu(... relu(b1 + C1 [z, x]))), C1..C_n convolutions of width 3, on rows of any length.

    z, x: (batch, length, channels). One call carries information `layers` places, so at the equilibrium all of it has
    arrived. After the recall networks of Bansal et al. (2022), arXiv:2202.05826.
    """

    def __init__(self, channels: int, layers: int, *, rngs: nnx.Rngs) -> None:
        widths = [2 * channels, *[channels] * (layers - 1)]
        scales = [*[2.0] * (layers - 1), 1.0]
        self.layers = nnx.List(
            Conv(width, channels, 3, scale=scale, axes=1, rngs=rngs)
            for width, scale in zip(widths, scales, strict=True)
        )
        self.biases = nnx.List(nnx.Param(jnp.zeros(channels)) for _ in widths)

    def __call__(self, z: Array, x: Array) -> Array:
        state = jnp.concatenate([z, x], axis=-1)
        *hidden, last = [(layer, bias[...]) for layer, bias in zip(self.layers, self.biases, strict=True)]
        for layer, bias in hidden:
            state = jax.nn.relu(layer(state) + bias)
        layer, bias = last
        return jnp.tanh(layer(state) + bias)
