"""Random distortions of digits, on the device: affine, elastic, stroke width and blur."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array

_KNOTS = 5  # points per side where an elastic displacement is drawn; smooth in between


@dataclass(frozen=True)
class Augmentation:
    """Bounds of random distortions, each drawn uniformly for every picture.

    rotation: degrees. scale, shear: fractions. shift: pixels. elastic: pixels by which the knots of a
    smooth displacement field move (Simard et al. 2003, doi:10.1109/ICDAR.2003.1227801). stroke, blur: weight
    in 0..1 of the picture dilated or eroded by a pixel, and of the blurred picture.
    """

    rotation: float = 8.0
    scale: float = 0.08
    shear: float = 0.08
    shift: float = 1.5
    elastic: float = 0.0
    stroke: float = 0.0
    blur: float = 0.0

    def __call__(self, images: Array, key: Array) -> Array:
        """images: uint8 or float (batch, height, width, 1) -> float32 of that shape, uint8 scaled to [0, 1]."""
        pixels = images[..., 0].astype(jnp.float32) / (255 if images.dtype == jnp.uint8 else 1)
        warped = jax.vmap(_interpolate)(pixels, self._sources(key, pixels.shape))
        if self.stroke:
            warped = self._vary_stroke(warped, jax.random.fold_in(key, 1))
        if self.blur:
            warped = self._blur(warped, jax.random.fold_in(key, 2))
        return warped[..., None]

    def _sources(self, key: Array, shape: tuple[int, ...]) -> Array:
        """The coordinates from which each pixel takes its value: (batch, height, width, 2)."""
        batch, height, width = shape
        matrix, shift = self._draw(key, batch)
        centre = jnp.array([(height - 1) / 2, (width - 1) / 2])
        grid = jnp.stack(jnp.meshgrid(jnp.arange(height), jnp.arange(width), indexing="ij"), axis=-1)
        sources = jnp.einsum("hwj,bij->bhwi", grid - centre, matrix) + (centre + shift)[:, None, None]
        if not self.elastic:
            return sources
        knots = jax.random.uniform(
            jax.random.fold_in(key, 0), (batch, _KNOTS, _KNOTS, 2), minval=-self.elastic, maxval=self.elastic
        )
        return sources + jax.image.resize(knots, (batch, height, width, 2), "cubic")

    def _draw(self, key: Array, batch: int) -> tuple[Array, Array]:
        """Random inverse affine maps: (batch, 2, 2) matrices and (batch, 2) shifts."""
        angle, scale_y, scale_x, shear, *shift = jax.random.uniform(key, (6, batch), minval=-1.0, maxval=1.0)
        angle = jnp.deg2rad(self.rotation) * angle
        cos, sin = jnp.cos(angle), jnp.sin(angle)
        rotation = jnp.array([[cos, -sin], [sin, cos]])
        zeros = jnp.zeros(batch)
        stretch = jnp.array(
            [[1 + self.scale * scale_y, zeros], [self.shear * shear, 1 + self.scale * scale_x]]
        )
        return jnp.einsum("ijb,jkb->bik", rotation, stretch), self.shift * jnp.stack(shift, axis=1)

    def _vary_stroke(self, images: Array, key: Array) -> Array:
        """Thicken or thin strokes: blend with the maximum or minimum over each pixel and its four neighbours."""
        share = jax.random.uniform(key, (len(images), 1, 1), minval=-self.stroke, maxval=self.stroke)
        around = jnp.stack(_neighbours(images))
        thick, thin = around.max(0), around.min(0)
        return images + jnp.where(share > 0, share * (thick - images), -share * (thin - images))

    def _blur(self, images: Array, key: Array) -> Array:
        """Blend with the mean over each pixel and its four neighbours."""
        share = jax.random.uniform(key, (len(images), 1, 1), maxval=self.blur)
        return images + share * (jnp.stack(_neighbours(images)).mean(0) - images)


def _interpolate(image: Array, sources: Array) -> Array:
    """Interpolate image: (height, width) bilinearly at sources: (height, width, 2), black outside."""
    return jax.scipy.ndimage.map_coordinates(image, list(jnp.moveaxis(sources, -1, 0)), order=1)


def _neighbours(images: Array) -> list[Array]:
    """Each pixel and the ones above, below, left and right, black outside; each (batch, height, width)."""
    padded = jnp.pad(images, ((0, 0), (1, 1), (1, 1)))
    middle = slice(1, -1)
    return [
        images,
        padded[:, :-2, middle],
        padded[:, 2:, middle],
        padded[:, middle, :-2],
        padded[:, middle, 2:],
    ]
