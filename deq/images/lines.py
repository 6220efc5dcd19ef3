"""Remove everything but writing: ruled lines, printed boxes, a scanner's lid, the table, a shadow at the edge."""

from itertools import pairwise, product

import numpy as np
from scipy import ndimage

from deq.images.strokes import EIGHT, extent

DEGREE = np.tan(np.deg2rad(1))
TILTS = DEGREE * np.arange(-9, 10)
FANS = np.linspace(-0.16, 0.16, 9)  # slope of the lowest line minus that of the highest, on a page seen askew


def remove_lines(strength: np.ndarray, noise: float) -> np.ndarray:
    """Ink (rows, columns) in 0..1 without thin, nearly level lines from one side to the other."""
    rows, columns = strength.shape
    least = 2 * noise + 0.02
    if min(rows, columns) < 60 or not may_have_lines(strength > least):
        return strength
    slopes = find_slopes(strength)
    profile = line_profile(shear(strength, slopes))
    profile = profile - ndimage.grey_opening(profile, max(5, rows // 40))  # a broad band is not a ruled line
    profile = np.where(profile > least, profile, 0)
    if not profile.any():
        return strength
    lines = shear(np.repeat(profile[:, None], columns, 1), -slopes)
    lines = ndimage.grey_dilation(lines, (3, 1))
    return mend(np.clip(strength - 1.2 * lines, 0, 1), lines > 0)


def may_have_lines(ink: np.ndarray) -> bool:
    """Whether at least half of the columns of every strip have ink; else no `line_profile` has, at any slope."""
    has_ink = np.any(ink, axis=0)
    return all(2 * np.count_nonzero(has_ink[a:b]) >= b - a for a, b in pairwise(strips(len(has_ink))))


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
    wide = np.zeros((rows + 2 * reach, columns), image.dtype)  # faster than a mask, and than np.pad
    wide[reach : reach + rows] = image
    return wide.take((np.arange(reach, reach + rows)[:, None] + shifts) * columns + x)


def line_profile(level: np.ndarray) -> np.ndarray:
    """The strength that each row keeps across the whole picture: the least median of its strips."""
    return np.min([np.median(level[:, a:b], axis=1) for a, b in pairwise(strips(level.shape[1]))], axis=0)


def strips(columns: int) -> list[int]:
    """Bounds of the strips of columns: four quarters, with a narrow strip split off at either edge."""
    edge = max(1, columns // 16)
    return [0, edge, columns // 4, columns // 2, 3 * columns // 4, columns - edge, columns]


def remove_boxes(strength: np.ndarray, floor: float) -> np.ndarray:
    """Remove printed boxes: thin, nearly rectangular outlines with something written inside."""
    labels, _ = ndimage.label(strength > floor, EIGHT)
    for i, box in enumerate(ndimage.find_objects(labels), 1):
        if any(4 * (side.stop - side.start) < n for side, n in zip(box, strength.shape, strict=True)):
            continue
        line = labels[box] == i
        if is_frame(line, labels[box]):
            strength[box][ndimage.binary_dilation(line, iterations=2)] = 0
    return strength


def is_frame(line: np.ndarray, labels: np.ndarray) -> bool:
    """Whether a component is an outline that fills its bounding box and contains another component.

    line: its pixels; labels: of all components in the box.
    """
    filled = ndimage.binary_fill_holes(line)
    if filled.mean() < 0.8 or line.sum() > 0.35 * filled.sum():  # an ellipse fills 0.79
        return False
    written = ndimage.find_objects(np.where(filled & ~line, labels, 0))
    return max((extent(box) for box in written if box), default=0) > 0.1 * max(line.shape)


def remove_frames(strength: np.ndarray, ending: np.ndarray, floor: float) -> np.ndarray:
    """Remove what frames the paper: a scanner's lid, the table, a shadow.

    At the edge of a photo, a stroke that runs out of the picture and a dark area look alike. `strength` assumes that
    the paper continues beyond the edge in its usual shade, `ending` that it continues in that of the edge. A component
    is a frame if most of it is ink only in `strength`, or if it fills the edge from end to end.
    """
    ink = strength > floor
    labels, count = ndimage.label(ink)
    edge = strength - ending > 0.05
    shares = np.append(0, ndimage.mean(edge, labels, np.arange(1, count + 1)))
    frame = ink & edge & ((shares > 0.5)[labels] | full_rows(ink) | full_rows(ink.T).T)
    return (
        np.where(ndimage.binary_dilation(frame, iterations=3), ending, strength) if frame.any() else strength
    )


def full_rows(ink: np.ndarray) -> np.ndarray:
    """Rows within a tenth of the upper or lower edge that are ink almost from end to end."""
    full = (ink.mean(1) > 0.95)[:, None] & np.ones_like(ink)
    full[len(ink) // 10 + 1 : -(len(ink) // 10) - 1] = False
    return full
