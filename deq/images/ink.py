"""Ink and paper told apart: colour, polarity, shadows and ruled lines."""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

SIDE = 512  # the longer side that the search works at
REACH = 0.4  # strokes up to this fraction of the shorter side are ink, wider dark areas are background
TILTS = np.tan(np.deg2rad(np.arange(-7, 7.5, 0.5)))


@dataclass(frozen=True)
class Ink:
    """What `find_ink` found, each (rows, columns) float32: the grey picture with dark ink, and the ink's strength.

    scale: pixels of the original picture to a pixel of these; polarity: "dark" or "light".
    """

    grey: np.ndarray
    strength: np.ndarray
    noise: float
    polarity: str
    scale: float


def find_ink(picture: np.ndarray, polarity: str | None = None) -> Ink:
    """Tell the ink of a picture (rows, columns, 3) uint8 from its paper.

    strength = 1 - grey / paper, where paper is the grey closing of the picture: it fills whatever is narrower than a
    stroke can be and keeps shadows, sharp edges included. Lines that cross the whole picture are taken off.
    """
    picture, scale = fit(picture)
    grey = grey_of_ink(picture)
    polarity = polarity or find_polarity(grey)
    if polarity == "light":
        grey = 255 - grey
    strength = flatten(grey)
    noise = 1.4826 * float(np.median(np.abs(strength - np.median(strength))))
    strength = rule_out(rule_out(strength, noise).T, noise).T
    return Ink(grey, np.ascontiguousarray(strength), noise, polarity, scale)


def fit(picture: np.ndarray) -> tuple[np.ndarray, float]:
    """The picture with its longer side at most SIDE, and the factor that it was shrunk by."""
    longest = max(picture.shape[:2])
    if longest <= SIDE:
        return picture.astype(np.float32), 1.0
    size = [max(1, round(n * SIDE / longest)) for n in picture.shape[1::-1]]
    small = Image.fromarray(picture).resize(size, Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32), longest / SIDE


def grey_of_ink(picture: np.ndarray) -> np.ndarray:
    """Grey (rows, columns) that weighs red, green and blue by how far the ink departs from the paper in each."""
    deviation = np.abs(picture - np.median(picture, (0, 1)))
    smooth = ndimage.uniform_filter(deviation, (3, 3, 0))
    total = smooth.sum(2)
    strong = smooth[total >= np.quantile(total, 0.99)].mean(0)
    return (picture @ (strong**2 / max(float((strong**2).sum()), 1e-6))).astype(np.float32)


def find_polarity(grey: np.ndarray) -> str:
    """"dark" or "light": the sign of the strong deviations from a wide median."""
    size = [max(8, round(n * 64 / max(grey.shape))) for n in grey.shape[::-1]]
    small = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))
    wide = ndimage.median_filter(small, [n // 2 + 1 for n in small.shape], mode="nearest")
    rim = [max(1, n // 16) for n in small.shape]
    inner = (small - wide)[rim[0] : -rim[0], rim[1] : -rim[1]].astype(np.float64)
    return "dark" if (inner**3).sum() <= 0 else "light"


def flatten(grey: np.ndarray) -> np.ndarray:
    """Strength of dark ink on paper that may lie in shadow: (rows, columns) in 0..1."""
    soft = ndimage.gaussian_filter(grey, 0.7) if min(grey.shape) > 100 else grey
    reach = max(3, int(REACH * min(grey.shape)) | 1)
    paper = ndimage.grey_closing(soft, (reach, reach), mode="nearest")
    strength = (paper - soft) / np.maximum(paper, 80)
    return np.clip(strength - np.median(strength), 0, 1)


def rule_out(strength: np.ndarray, noise: float) -> np.ndarray:
    """Take off lines that run (nearly) level from one side to the other. Edges, middle: each strip must show it."""
    rows, columns = strength.shape
    if min(rows, columns) < 60:
        return strength
    tilt = find_tilt(strength)
    if tilt is None:
        return strength
    level = shear(strength, tilt)
    profile = line_profile(level)
    profile = np.where(profile > 2 * noise + 0.02, profile, 0)
    if not profile.any():
        return strength
    lines = shear(np.repeat(profile[:, None], columns, 1), -tilt)
    return np.clip(strength - 1.2 * ndimage.grey_dilation(lines, (3, 1)), 0, 1)


def find_tilt(strength: np.ndarray) -> float | None:
    """The slope at which line profiles are sharpest, or None."""
    step = max(1, max(strength.shape) // 256)
    small = strength[:, ::step]
    scores = [(line_profile(shear(small, slope * step)) ** 2).sum() for slope in TILTS]
    best = int(np.argmax(scores))
    return TILTS[best] if scores[best] > 0 else None


def shear(image: np.ndarray, slope: float) -> np.ndarray:
    """Rows moved along a slope: result[y, x] = image[y + slope (x - middle), x], zero outside."""
    rows, columns = image.shape
    x = np.arange(columns)
    y = np.arange(rows)[:, None] + np.round(slope * (x - columns / 2)).astype(int)
    inside = (y >= 0) & (y < rows)
    return np.where(inside, image[np.clip(y, 0, rows - 1), x], 0)


def line_profile(level: np.ndarray) -> np.ndarray:
    """Per row, the strength that holds across the picture: the least of the medians of its strips."""
    columns = level.shape[1]
    cuts = [0, columns // 16, columns // 4, columns // 2, 3 * columns // 4, columns - columns // 16, columns]
    return np.min([np.median(level[:, a:b], 1) for a, b in zip(cuts, cuts[1:], strict=False)], 0)
