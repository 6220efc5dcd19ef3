"""Convolutional cells: states and injections (batch, height, width, channels)."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array


class ResidualConvCell(nnx.Module):
    """f(z, x) = n3(relu(z + n2(x + C2 n1(relu(C1 z))))), C1, C2 3 x 3 convolutions, n1..n3 group norms.

    The norms bound f whatever the weights, and small initial kernels make it contract to begin with;
    a Jacobian penalty keeps it so. Bai, Koltun & Kolter (2020), arXiv:2006.08656; Wu & He (2018),
    arXiv:1803.08494.
    """

    def __init__(self, channels: int, groups: int = 8, *, rngs: nnx.Rngs) -> None:
        self.into = Conv(channels, channels, 3, scale=0.25, rngs=rngs)
        self.out = Conv(channels, channels, 3, scale=0.25, rngs=rngs)
        self.norms = nnx.List(GroupNorm(channels, groups) for _ in range(3))

    def __call__(self, z: Array, x: Array) -> Array:
        inner, added, outer = self.norms
        hidden = inner(jax.nn.relu(self.into(z)))
        return outer(jax.nn.relu(z + added(x + self.out(hidden))))


class Conv(nnx.Module):
    """A convolution without bias, zeros beyond its borders: (batch, h, w, inputs) -> (batch, h', w', outputs).

    h' = h / stride, rounded up. scale: of the initial kernel's variance; 2 keeps the size of what a relu halves.
    """

    def __init__(
        self, inputs: int, outputs: int, size: int, stride: int = 1, scale: float = 2.0, *, rngs: nnx.Rngs
    ) -> None:
        init = nnx.initializers.variance_scaling(scale, "fan_in", "normal")
        self.kernel = nnx.Param(init(rngs.params(), (size, size, inputs, outputs)))
        self.stride = stride
        self.dtype: Any = None  # that both factors are rounded to, as in Flax's own layers; z's unless set

    def __call__(self, z: Array) -> Array:
        factors = z.dtype if self.dtype is None else self.dtype
        return convolve(z.astype(factors), self.kernel[...].astype(factors), self.stride).astype(z.dtype)


class GroupNorm(nnx.Module):
    """Mean 0 and variance 1 over the positions and channels of each group, then scale and shift by channel.

    Sums over positions come first, so that what is left is small: a third of the time of Flax's own.
    """

    def __init__(self, channels: int, groups: int) -> None:
        self.scale = nnx.Param(jnp.ones(channels))
        self.bias = nnx.Param(jnp.zeros(channels))
        self.groups = groups

    def __call__(self, z: Array) -> Array:
        mean = self._over_groups(z.mean((1, 2)))
        variance = jnp.maximum(self._over_groups(jnp.square(z).mean((1, 2))) - jnp.square(mean), 0)
        scale = jax.lax.rsqrt(variance + 1e-5) * self.scale[...]
        return z * scale[:, None, None] + (self.bias[...] - mean * scale)[:, None, None]

    def _over_groups(self, value: Array) -> Array:
        """(batch, channels) -> the mean over each channel's group, (batch, channels)."""
        batch, channels = value.shape
        means = value.reshape(batch, self.groups, -1).mean(-1)
        return jnp.repeat(means, channels // self.groups, axis=1)


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def convolve(z: Array, kernel: Array, stride: int) -> Array:
    """Cross-correlation of (batch, h, w, i) with (size, size, i, o), zeros beyond the borders, in at least float32.

    Its derivative is written as a product of matrices: XLA's own gradients of convolutions take up to
    thirty times as long on a CPU when they stand in a loop, where a training step stands.
    """
    return jax.lax.conv_general_dilated(
        z,
        kernel,
        (stride, stride),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        preferred_element_type=_wide(z),
    )


@convolve.defjvp
def _convolve_jvp(
    stride: int, primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    (z, kernel), (z_dot, kernel_dot) = primals, tangents
    moved = _as_product(z_dot, kernel, stride) + _as_product(z, kernel_dot, stride)
    return convolve(z, kernel, stride), moved


def _as_product(z: Array, kernel: Array, stride: int) -> Array:
    """The same convolution: every position's patch, (batch, h, w, size * size * i), times the kernel as a matrix."""
    size, (height, width) = len(kernel), (-(-n // stride) for n in z.shape[1:3])
    borders = [_border(n, size, stride) for n in z.shape[1:3]]
    padded = jnp.pad(z, ((0, 0), *borders, (0, 0)))
    rows, columns = (stride * (n - 1) + 1 for n in (height, width))
    patches = [
        padded[:, i : i + rows : stride, j : j + columns : stride] for i in range(size) for j in range(size)
    ]
    matrix = kernel.reshape(-1, kernel.shape[-1])
    return jnp.matmul(jnp.concatenate(patches, axis=-1), matrix, preferred_element_type=_wide(z))


def _wide(z: Array) -> jnp.dtype:
    """The type that products of z are summed in."""
    return jnp.promote_types(z.dtype, jnp.float32)


def _border(n: int, size: int, stride: int) -> tuple[int, int]:
    """Zeros before and after n positions, as XLA's "SAME" deals them out."""
    total = max((-(-n // stride) - 1) * stride + size - n, 0)
    return total // 2, total - total // 2
