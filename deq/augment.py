"""Random small deformations of digits, on the device: rotation, scale, shear and shift."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array


@dataclass(frozen=True)
class Augmentation:
    """The largest deformations, each drawn uniformly; angles in degrees, shift in pixels, the rest fractions."""

    rotation: float = 8.0
    scale: float = 0.08
    shear: float = 0.08
    shift: float = 1.5

    def __call__(self, images: Array, key: Array) -> Array:
        """images: uint8 or float (batch, height, width, 1) -> float32 of that shape, uint8 brought to [0, 1]."""
        pixels = images.astype(jnp.float32) / (255 if images.dtype == jnp.uint8 else 1)
        matrix, shift = self._draw(key, len(images))
        return jax.vmap(_warp)(pixels[..., 0], matrix, shift)[..., None]

    def _draw(self, key: Array, batch: int) -> tuple[Array, Array]:
        """Inverse maps: (batch, 2, 2) matrices and (batch, 2) shifts."""
        angle, scale_y, scale_x, shear, *shift = jax.random.uniform(key, (6, batch), minval=-1.0, maxval=1.0)
        angle = jnp.deg2rad(self.rotation) * angle
        cos, sin = jnp.cos(angle), jnp.sin(angle)
        rotation = jnp.array([[cos, -sin], [sin, cos]])
        zeros = jnp.zeros(batch)
        stretch = jnp.array(
            [[1 + self.scale * scale_y, zeros], [self.shear * shear, 1 + self.scale * scale_x]]
        )
        return jnp.einsum("ijb,jkb->bik", rotation, stretch), self.shift * jnp.stack(shift, axis=1)


def _warp(image: Array, matrix: Array, shift: Array) -> Array:
    """Bilinear look-up of image: (height, width) at matrix (p - centre) + centre + shift, black outside."""
    height, width = image.shape
    centre = jnp.array([(height - 1) / 2, (width - 1) / 2])
    grid = jnp.stack(jnp.meshgrid(jnp.arange(height), jnp.arange(width), indexing="ij"), axis=-1)
    source = (grid - centre) @ matrix.T + centre + shift
    return jax.scipy.ndimage.map_coordinates(image, list(jnp.moveaxis(source, -1, 0)), order=1)
