"""Ruled and grid paper: lines across the whole picture are taken off, the strokes they cut are mended."""

from itertools import pairwise

import numpy as np
from scipy import ndimage

TILTS = np.tan(np.deg2rad(np.arange(-7, 7.5, 0.5)))


def rule_out(strength: np.ndarray, noise: float) -> np.ndarray:
    """Ink (rows, columns) in 0..1 without thin lines that run (nearly) level from one side to the other."""
    rows, columns = strength.shape
    if min(rows, columns) < 60:
        return strength
    tilt = find_tilt(strength)
    profile = line_profile(shear(strength, tilt))
    profile = profile - ndimage.grey_opening(profile, max(5, rows // 40))  # a broad band is no ruled line
    profile = np.where(profile > 2 * noise + 0.02, profile, 0)
    if not profile.any():
        return strength
    lines = shear(np.repeat(profile[:, None], columns, 1), -tilt)
    lines = ndimage.grey_dilation(lines, (3, 1))
    return mend(np.clip(strength - 1.2 * lines, 0, 1), lines > 0)


def mend(strength: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Close the gaps that lines left in strokes: under a line, ink that stands above and below it counts."""
    reach = max(5, strength.shape[0] // 40 | 1)
    return np.where(lines, ndimage.grey_closing(strength, (reach, 1)), strength)


def find_tilt(strength: np.ndarray) -> float:
    """The slope at which the profiles of lines are sharpest: every degree first, then half a degree about it."""
    step = max(1, strength.shape[1] // 96)
    small = np.minimum(strength[:, ::step], 0.3)
    coarse = max(range(0, len(TILTS), 2), key=lambda i: sharpness(small, TILTS[i] * step))
    near = range(max(coarse - 1, 0), min(coarse + 2, len(TILTS)))
    return TILTS[max(near, key=lambda i: sharpness(small, TILTS[i] * step))]


def sharpness(small: np.ndarray, slope: float) -> float:
    """Sum over rows of the squared profile, by means, which are quicker than medians."""
    cuts = strips(small.shape[1])
    means = np.add.reduceat(shear(small, slope), cuts[:-1], axis=1) / np.diff(cuts)
    return float((means.min(1) ** 2).sum())


def shear(image: np.ndarray, slope: float) -> np.ndarray:
    """Rows moved along a slope: result[y, x] = image[y + slope (x - middle), x], zero outside."""
    rows, columns = image.shape
    x = np.arange(columns)
    y = np.arange(rows)[:, None] + np.round(slope * (x - columns / 2)).astype(int)
    inside = (y >= 0) & (y < rows)
    return np.where(inside, image[np.clip(y, 0, rows - 1), x], 0)


def line_profile(level: np.ndarray) -> np.ndarray:
    """Per row, the strength that holds across the picture: the least of the medians of its strips."""
    return np.min([np.median(level[:, a:b], axis=1) for a, b in pairwise(strips(level.shape[1]))], axis=0)


def strips(columns: int) -> list[int]:
    """Where strips of columns begin and end: four quarters, and both edges on their own."""
    edge = max(1, columns // 16)
    return [0, edge, columns // 4, columns // 2, 3 * columns // 4, columns - edge, columns]
