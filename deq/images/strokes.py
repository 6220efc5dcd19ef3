"""Strokes: connected components of ink, their extent, width and share in the picture's rim."""

import numpy as np
from scipy import ndimage

EIGHT = np.ones((3, 3))
Box = tuple[slice, ...]  # rows, columns
LIFTS = (1.0, 1.6, 2.5, 4.0, 6.0)  # factors on the floor above which strokes are searched for
MIN_GAIN = 1.6  # how many times better a stroke above a raised floor must score


def main_stroke(
    strength: np.ndarray, floor: float, lifts: tuple[float, ...] = LIFTS
) -> tuple[float, float, float]:
    """Score of the best stroke, the strength of its core, and the floor above which it is best; or 0, 0, floor.

    Each lift raises the floor: a stroke inside a shadow only shows above the strength of the shadow.
    """
    best = 0.0, 0.0, floor
    for lift in lifts:
        score, core = stroke_above(strength, lift * floor)
        if score > best[0] * MIN_GAIN:
            best = score, core, lift * floor
    return best


def stroke_above(strength: np.ndarray, floor: float) -> tuple[float, float]:
    """Score of the best stroke above the floor, and the strength of its core; 0, 0 if there is none.

    The score is (core extent evenness)^2 / width: high if dark, long, thin and of even width. For a stroke
    at the edge of the picture it is multiplied by half the share of its pixels outside the rim.
    """
    labels, _ = ndimage.label(strength > floor, EIGHT)
    boxes = ndimage.find_objects(labels)
    best, level = 0.0, 0.0
    for i in sorted(range(len(boxes)), key=lambda i: -extent(boxes[i])):
        inside, box = labels[boxes[i]] == i + 1, boxes[i]
        core = float(np.quantile(strength[box][inside], 0.9))
        score = (core * extent(box)) ** 2
        if score <= best:  # width and evenness can only lower the score
            continue
        width, evenness = stroke(inside)
        score *= evenness**2 / width * (1 - rim_share(inside, box, strength.shape))
        score *= 0.5 if touches_edge(box, strength.shape) else 1.0
        if score > best:
            best, level = score, core
    return best, level


def extent(box: Box) -> int:
    """The longer side of a box of slices."""
    return max(side.stop - side.start for side in box)


def touches_edge(box: Box, shape: tuple[int, ...]) -> bool:
    return any(side.start == 0 or side.stop == n for side, n in zip(box, shape, strict=True))


def rim_share(inside: np.ndarray, box: Box, shape: tuple[int, ...]) -> float:
    """Fraction of a component's pixels in the picture's rim, 1 for a scanner's border; 0 if it touches no edge."""
    ys, xs = np.nonzero(inside)
    ys, xs = ys + box[0].start, xs + box[1].start
    rim = [0.06 * n for n in shape]
    touches = (ys == 0) | (ys == shape[0] - 1) | (xs == 0) | (xs == shape[1] - 1)
    near = (ys < rim[0]) | (ys >= shape[0] - rim[0]) | (xs < rim[1]) | (xs >= shape[1] - rim[1])
    return float(near.mean()) if touches.any() else 0.0


def stroke_width(mask: np.ndarray) -> float:
    """Width in pixels: across a bar of width w the mean distance to its edge is w / 4."""
    return stroke(mask)[0]


def stroke(mask: np.ndarray) -> tuple[float, float]:
    """Width in pixels, and its evenness: 1 for a bar, 2/3 for a disc, less for mixed thick and thin."""
    distance = ndimage.distance_transform_edt(np.pad(mask, 1))
    width = max(1.0, 4 * float(distance.sum() / mask.sum() - 0.5))
    return width, min(1.0, width / (2 * float(distance.max()) - 1))
