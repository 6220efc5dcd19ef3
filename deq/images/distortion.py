"""Distort a digit: rotation, shift, blur and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage


@dataclass(frozen=True)
class Distortion:
    """How a digit is distorted.

    turn: degrees, counter-clockwise. right, down: pixels. blur: standard deviation in pixels.

    noise: standard deviation of normal noise, as a fraction of full ink. All zero changes nothing.
    """

    turn: float = 0.0
    right: float = 0.0
    down: float = 0.0
    blur: float = 0.0
    noise: float = 0.0

    def __call__(self, image: np.ndarray, seed: int = 0) -> np.ndarray:
        """(28, 28) uint8 -> (28, 28) uint8, distorted in the order of the fields; `seed` fixes the noise."""
        ink = image / 255
        if self.turn:
            ink = ndimage.rotate(ink, self.turn, reshape=False, order=1)
        if self.right or self.down:
            ink = ndimage.shift(ink, (self.down, self.right), order=1)
        if self.blur:
            ink = ndimage.gaussian_filter(ink, self.blur)
        if self.noise:
            ink = ink + self.noise * np.random.default_rng(seed).normal(size=ink.shape)
        return np.round(255 * np.clip(ink, 0, 1)).astype(np.uint8)
