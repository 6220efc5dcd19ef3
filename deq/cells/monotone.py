"""Monotone cells (monDEQ), which have a unique equilibrium for any weights, and Peaceman-Rachford splitting."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

Linear = Callable[[Array], Array]


class MonotoneCell(nnx.Module, abc.ABC):
    """f(z, x) = relu(W z + x), W = (1 - m) I - A^T A + B - B^T, so that I - W >= m I for any A and B.

    Hence every x has exactly one equilibrium, Lipschitz in x with constant 1 / m. f itself need not be a
    contraction, so Picard may fail: use the splitting, Anderson or the ODE flow. z, x: (batch, ...), m > 0.
    Winston & Kolter (2020), arXiv:2006.08591.
    """

    def __init__(self, m: float) -> None:
        if not m > 0:
            raise ValueError(f"m, the monotonicity margin, must be a number > 0; got {m!r}.")
        self.m = m

    @abc.abstractmethod
    def weight(self) -> Linear:
        """z -> W z."""

    @abc.abstractmethod
    def resolvent(self, alpha: float | Array, shape: tuple[int, ...]) -> Linear:
        """z -> (I + alpha (I - W))^{-1} z for states of shape (batch, ...), with the inverse computed once."""

    def __call__(self, z: Array, x: Array) -> Array:
        return jax.nn.relu(self.weight()(z) + x)

    def peaceman_rachford(self, alpha: float | Array) -> PeacemanRachford:
        """Peaceman-Rachford splitting with step size alpha > 0; see `PeacemanRachford`."""
        return PeacemanRachford(self, alpha)


class MonotoneDense(MonotoneCell):
    """Fully connected monotone cell. z, x: (batch, width); A, B: (width, width)."""

    def __init__(self, width: int, m: float = 1.0, *, rngs: nnx.Rngs) -> None:
        super().__init__(m)
        init = nnx.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
        self.a = nnx.Param(init(rngs.params(), (width, width)))
        self.b = nnx.Param(init(rngs.params(), (width, width)))

    def matrix(self) -> Array:
        """W: (width, width)."""
        a, b = self.a[...], self.b[...]
        return (1 - self.m) * jnp.eye(len(a), dtype=a.dtype) - a.T @ a + b - b.T

    def weight(self) -> Linear:
        w = self.matrix()
        return lambda z: z @ w.T

    def resolvent(self, alpha: float | Array, shape: tuple[int, ...]) -> Linear:
        w = self.matrix()
        inverse = jnp.linalg.inv((1 + alpha) * jnp.eye(len(w), dtype=w.dtype) - alpha * w)
        return lambda z: z @ inverse.T


class MonotoneConv(MonotoneCell):
    """Convolutional monotone cell with circular padding. z, x: (batch, height, width, channels).

    A and B are convolutions of odd `size`; the resolvent solves a small system at each Fourier frequency.
    """

    def __init__(self, channels: int, size: int = 3, m: float = 1.0, *, rngs: nnx.Rngs) -> None:
        super().__init__(m)
        if size % 2 == 0:
            raise ValueError(f"size must be odd, so that the kernel has a centre; got {size}.")
        init = nnx.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
        self.a = nnx.Param(init(rngs.params(), (size, size, channels, channels)))
        self.b = nnx.Param(init(rngs.params(), (size, size, channels, channels)))

    def weight(self) -> Linear:
        a, b = self.a[...], self.b[...]
        skew = b - _adjoint(b)
        return lambda z: (1 - self.m) * z - _convolve(_convolve(z, a), _adjoint(a)) + _convolve(z, skew)

    def resolvent(self, alpha: float | Array, shape: tuple[int, ...]) -> Linear:
        _, height, width, channels = shape
        a, b = (_spectrum(kernel[...], height, width) for kernel in (self.a, self.b))
        identity = (1 + alpha * self.m) * jnp.eye(channels, dtype=a.dtype)
        inverse = jnp.linalg.inv(identity + alpha * (_hermitian(a) @ a - b + _hermitian(b)))

        def solve(z: Array) -> Array:
            waves = jnp.einsum("hwij,bhwj->bhwi", inverse, jnp.fft.rfft2(z, axes=(1, 2)))
            return jnp.fft.irfft2(waves, (height, width), axes=(1, 2)).astype(z.dtype)

        return solve


def _convolve(z: Array, kernel: Array) -> Array:
    """Cross-correlation with circular padding. z: (batch, h, w, c), kernel: (size, size, c, c)."""
    pad = len(kernel) // 2
    wrapped = jnp.pad(z, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="wrap")
    return jax.lax.conv_general_dilated(
        wrapped, kernel.astype(z.dtype), (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def _adjoint(kernel: Array) -> Array:
    """The kernel of the adjoint convolution."""
    return kernel[::-1, ::-1].swapaxes(2, 3)


def _spectrum(kernel: Array, height: int, width: int) -> Array:
    """The convolution's matrix at each frequency: (height, width // 2 + 1, out, in)."""
    size = len(kernel)
    # Cross-correlation is convolution with the flipped kernel.
    flipped = kernel[::-1, ::-1].transpose(3, 2, 0, 1)
    centred = jnp.zeros((*flipped.shape[:2], height, width), kernel.dtype)
    offset = jnp.arange(size) - size // 2
    centred = centred.at[:, :, offset[:, None] % height, offset % width].add(flipped)
    return jnp.fft.rfft2(centred).transpose(2, 3, 0, 1)


def _hermitian(matrix: Array) -> Array:
    return jnp.conj(jnp.swapaxes(matrix, -1, -2))


@dataclass(frozen=True)
class PeacemanRachford:
    """Peaceman-Rachford splitting: u -> 2 (I + alpha (I - W))^{-1} (|u| + alpha x) - |u|, z = relu(u).

    Alternates two reflected resolvents; |u| = 2 relu(u) - u is that of relu. Converges for every alpha > 0.
    """

    cell: MonotoneCell
    alpha: float | Array

    def __post_init__(self) -> None:
        if isinstance(self.alpha, (int, float)) and not self.alpha > 0:
            raise ValueError(f"alpha, the step size, must be a number > 0; got {self.alpha!r}.")

    def map(self, x: Array) -> Linear:
        """The map to iterate."""
        resolvent = self.cell.resolvent(self.alpha, x.shape)

        def step(u: Array) -> Array:
            reflected = jnp.abs(u)
            return (2 * resolvent(reflected + self.alpha * x) - reflected).astype(u.dtype)

        return step

    def start(self, z: Array) -> Array:
        """The state of the map for a start z."""
        return z

    def read(self, state: Array) -> Array:
        """z for a state of the map."""
        return jax.nn.relu(state)
