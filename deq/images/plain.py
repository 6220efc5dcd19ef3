"""A whole picture as 28x28, if it is not a digit: grey, squared, resized."""

import numpy as np
from PIL import Image

SIDE = 28


def keep_plain(picture: np.ndarray) -> np.ndarray:
    """(rows, columns, 3) uint8 -> (1, 28, 28) uint8; a picture of 28 x 28 greys stays as it is.

    The shorter side is filled up with the shade of the picture's edge, so that nothing is cut off or stretched.
    """
    grey = np.asarray(Image.fromarray(picture).convert("L"))
    square = Image.fromarray(squared(grey))
    return np.asarray(square.resize((SIDE, SIDE), Image.Resampling.LANCZOS))[None]


def squared(grey: np.ndarray) -> np.ndarray:
    """(rows, columns) in the middle of a square of the median shade of its edge."""
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    side = max(grey.shape)
    canvas = np.full((side, side), int(np.median(edge)), np.uint8)
    top, left = ((side - n) // 2 for n in grey.shape)
    canvas[top : top + grey.shape[0], left : left + grey.shape[1]] = grey
    return canvas
