"""The convolutional cell and its layers. States and injections: (batch, height, width, channels)."""

from __future__ import annotations

from functools import partial
from itertools import product

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array


class ResidualConvCell(nnx.Module):
    """f(z, x) = n3(relu(z + n2(x + C2 n1(relu(C1 z))))), C1, C2 3 x 3 convolutions, n1..n3 group norms.

    The norms bound f for any weights; small initial kernels make it a contraction at the start, and a Jacobian
    penalty keeps it one. Bai, Koltun & Kolter (2020), arXiv:2006.08656; Wu & He (2018),
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
    """A convolution without bias, zero padded: (batch, h, w, inputs) -> (batch, h', w', outputs), or along one axis.

    h' = h / stride, rounded up. scale: of the initial kernel's variance; 2 (He) compensates for a relu. axes: 1 for
    rows (batch, length, inputs), 2 for pictures.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int,
        stride: int = 1,
        scale: float = 2.0,
        axes: int = 2,
        *,
        rngs: nnx.Rngs,
    ) -> None:
        init = nnx.initializers.variance_scaling(scale, "fan_in", "normal")
        self.kernel = nnx.Param(init(rngs.params(), (*axes * (size,), inputs, outputs)))
        self.stride = stride

    def __call__(self, z: Array) -> Array:
        return convolve(z, self.kernel[...].astype(z.dtype), self.stride).astype(z.dtype)


class GroupNorm(nnx.Module):
    """Mean 0 and variance 1 over the positions and channels of each group, then scale and shift per channel.

    It sums over positions first, which leaves small arrays: it takes a third of the time of Flax's GroupNorm.
    """

    def __init__(self, channels: int, groups: int) -> None:
        self.scale = nnx.Param(jnp.ones(channels))
        self.bias = nnx.Param(jnp.zeros(channels))
        self.groups = groups

    def __call__(self, z: Array) -> Array:
        scale, shift = self.affine(z)
        return z * scale[:, None, None] + shift[:, None, None]

    def affine(self, z: Array) -> tuple[Array, Array]:
        """The factor and the offset that it applies to each channel of z, both (batch, channels)."""
        mean = self._over_groups(z.mean((1, 2)))
        variance = jnp.maximum(self._over_groups(jnp.square(z).mean((1, 2))) - jnp.square(mean), 0)
        scale = jax.lax.rsqrt(variance + 1e-5) * self.scale[...]
        return scale, self.bias[...] - mean * scale

    def _over_groups(self, value: Array) -> Array:
        """Replace each channel by the mean of its group: (batch, channels) -> (batch, channels)."""
        batch, channels = value.shape
        means = value.reshape(batch, self.groups, -1).mean(-1)
        return jnp.repeat(means, channels // self.groups, axis=1)


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def convolve(z: Array, kernel: Array, stride: int) -> Array:
    """Zero-padded cross-correlation of (batch, h, w, i) with (size, size, i, o), or of (batch, n, i) with (size, i, o),
    summed in at least float32.

    Its derivative is written as a matrix product: XLA's gradients of convolutions are up to thirty times
    slower on a CPU inside a loop, and training steps run in one.
    """
    return jax.lax.conv_general_dilated(
        z,
        kernel,
        (stride,) * (z.ndim - 2),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC") if z.ndim == 4 else ("NWC", "WIO", "NWC"),
        precision="highest",
        preferred_element_type=_sum_dtype(z),
    )


@convolve.defjvp
def _convolve_jvp(
    stride: int, primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    (z, kernel), (z_dot, kernel_dot) = primals, tangents
    tangent = _as_matmul(z_dot, kernel, stride) + _as_matmul(z, kernel_dot, stride)
    return convolve(z, kernel, stride), tangent


def _as_matmul(z: Array, kernel: Array, stride: int) -> Array:
    """The same convolution as patches (batch, h, w, size * size * i) times the kernel as a matrix."""
    size, lengths = len(kernel), [-(-n // stride) for n in z.shape[1:-1]]
    padding = [_same_padding(n, size, stride) for n in z.shape[1:-1]]
    padded = jnp.pad(z, ((0, 0), *padding, (0, 0)))
    patches = [
        padded[:, *(slice(i, i + stride * (n - 1) + 1, stride) for i, n in zip(corner, lengths, strict=True))]
        for corner in product(range(size), repeat=len(lengths))
    ]
    matrix = kernel.reshape(-1, kernel.shape[-1])
    joined = jnp.concatenate(patches, axis=-1)
    return jnp.matmul(joined, matrix, precision="highest", preferred_element_type=_sum_dtype(z))


def _sum_dtype(z: Array) -> jnp.dtype:
    """The dtype in which products of z are summed."""
    return jnp.promote_types(z.dtype, jnp.float32)


def _same_padding(n: int, size: int, stride: int) -> tuple[int, int]:
    """Zeros before and after n positions, as in XLA's "SAME"."""
    total = max((-(-n // stride) - 1) * stride + size - n, 0)
    return total // 2, total - total // 2
