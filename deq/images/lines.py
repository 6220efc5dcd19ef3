"""Remove the lines of ruled and grid paper and mend the strokes they cross."""

from itertools import pairwise, product

import numpy as np
from scipy import ndimage

DEGREE = np.tan(np.deg2rad(1))
TILTS = DEGREE * np.arange(-9, 10)
FANS = np.linspace(-0.16, 0.16, 9)  # slope of the lowest line minus that of the highest, on a page seen askew


def remove_lines(strength: np.ndarray, noise: float) -> np.ndarray:
    """Ink (rows, columns) in 0..1 without thin, nearly level lines from one side to the other."""
    rows, columns = strength.shape
    if min(rows, columns) < 60:
        return strength
    slopes = find_slopes(strength)
    profile = line_profile(shear(strength, slopes))
    profile = profile - ndimage.grey_opening(profile, max(5, rows // 40))  # a broad band is not a ruled line
    profile = np.where(profile > 2 * noise + 0.02, profile, 0)
    if not profile.any():
        return strength
    lines = shear(np.repeat(profile[:, None], columns, 1), -slopes)
    lines = ndimage.grey_dilation(lines, (3, 1))
    return mend(np.clip(strength - 1.2 * lines, 0, 1), lines > 0)


def mend(strength: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Close the gaps that removed lines left: under a line, keep ink that is present above and below it."""
    reach = max(5, strength.shape[0] // 40 | 1)
    return np.where(lines, ndimage.grey_closing(strength, (reach, 1)), strength)


def find_slopes(strength: np.ndarray) -> np.ndarray:
    """The slope through each row (rows, 1) at which lines are sharpest.

    Score every tilt on every row, choose tilt and fan from that table, then refine both.
    """
    step = max(1, strength.shape[1] // 96)
    small = np.minimum(strength[:, ::step], 0.3)
    down = np.linspace(-0.5, 0.5, len(strength))[:, None]
    table = np.stack([sharpness(small, tilt * step) for tilt in TILTS])
    pairs = np.array(list(product(TILTS, FANS)))
    nearest = np.round((pairs[:, :1] + pairs[:, 1:] * down.T) / DEGREE).astype(int) + len(TILTS) // 2
    scores = table[np.clip(nearest, 0, len(TILTS) - 1), np.arange(len(strength))].sum(1)
    tilt, fan = pairs[scores.argmax()]
    tilts, fans = tilt + DEGREE * np.array([-0.5, 0, 0.5]), fan + np.array([-0.02, 0, 0.02])
    finer = list(product(tilts, fans))
    tilt, fan = finer[np.argmax([sharpness(small, (t + f * down) * step).sum() for t, f in finer])]
    return tilt + fan * down


def sharpness(small: np.ndarray, slopes: float | np.ndarray) -> np.ndarray:
    """The squared line profile of each row, by means, which are faster than medians."""
    cuts = strips(small.shape[1])
    means = np.add.reduceat(shear(small, slopes), cuts[:-1], axis=1) / np.diff(cuts)
    return means.min(1) ** 2


def shear(image: np.ndarray, slopes: float | np.ndarray) -> np.ndarray:
    """result[y, x] = image[y + slope (x - middle), x], zero outside; one slope, or one for each row (rows, 1)."""
    rows, columns = image.shape
    x = np.arange(columns)
    shifts = np.round(slopes * (x - columns / 2)).astype(int)
    reach = int(np.abs(shifts).max())
    wide = np.pad(image, ((reach, reach), (0, 0)))  # one look-up here is five times as fast as a mask
    return wide.take((np.arange(reach, reach + rows)[:, None] + shifts) * columns + x)


def line_profile(level: np.ndarray) -> np.ndarray:
    """The strength that each row keeps across the whole picture: the least median of its strips."""
    return np.min([np.median(level[:, a:b], axis=1) for a, b in pairwise(strips(level.shape[1]))], axis=0)


def strips(columns: int) -> list[int]:
    """Bounds of the strips of columns: four quarters, with a narrow strip split off at either edge."""
    edge = max(1, columns // 16)
    return [0, edge, columns // 4, columns // 2, 3 * columns // 4, columns - edge, columns]
