"""A cell with several resolutions. States and injections: one (batch, height, width, channels) per resolution."""

from __future__ import annotations

from itertools import pairwise

import jax.numpy as jnp
from flax import nnx
from jax import Array

from deq.cells.conv import Conv, ResidualConvCell

States = tuple[Array, ...]  # from fine to coarse, each half as high and wide, rounded up


class MultiscaleCell(nnx.Module):
    """f_i(z, x) = R_i(z_i, x_i + D_i z_(i-1) + U_i z_(i+1)): R_i is a residual cell, joined to its neighbours.

    D is a strided 3 x 3 convolution, U a 1 x 1 convolution whose result is enlarged; both have small initial weights,
    so that a fresh cell has an equilibrium. After Bai, Koltun & Kolter (2020), arXiv:2006.08656, who join every pair of
    resolutions.
    """

    def __init__(self, channels: tuple[int, ...], groups: int, *, rngs: nnx.Rngs) -> None:
        self.cells = nnx.List(ResidualConvCell(n, groups, rngs=rngs) for n in channels)
        pairs = list(pairwise(channels))
        self.down = nnx.List(Conv(fine, coarse, 3, stride=2, scale=0.1, rngs=rngs) for fine, coarse in pairs)
        self.up = nnx.List(Conv(coarse, fine, 1, scale=0.1, rngs=rngs) for fine, coarse in pairs)

    def __call__(self, z: States, x: States) -> States:
        totals = list(x)
        for i, (down, up) in enumerate(zip(self.down, self.up, strict=True)):
            totals[i + 1] += down(z[i])
            totals[i] += enlarged(up(z[i + 1]), z[i].shape)
        return tuple(cell(state, total) for cell, state, total in zip(self.cells, z, totals, strict=True))


def enlarged(z: Array, shape: tuple[int, ...]) -> Array:
    """Every position twice in both directions, cut to the height and width of `shape`."""
    return jnp.repeat(jnp.repeat(z, 2, axis=1), 2, axis=2)[:, : shape[1], : shape[2]]
