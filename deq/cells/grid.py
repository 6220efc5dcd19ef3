"""A convolutional cell for rows and grids of any size."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from deq.cells.conv import Conv


class GridCell(nnx.Module):
    """f(z, x) = tanh(b + C_n relu(... relu(b1 + C1 [z, x]))), C1..C_n convolutions of width 3, on states of any size.

    States and injections: (batch, length, channels) for axes = 1, (batch, h, w, channels) for axes = 2. One call
    carries information `layers` places, so at the equilibrium all of it has arrived. After the recall networks of
    Bansal et al. (2022), arXiv:2202.05826.
    """

    def __init__(self, channels: int, layers: int, axes: int, *, rngs: nnx.Rngs) -> None:
        widths = [2 * channels, *[channels] * (layers - 1)]
        scales = [*[2.0] * (layers - 1), 1.0]
        self.layers = nnx.List(
            Conv(width, channels, 3, scale=scale, axes=axes, rngs=rngs)
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
