"""Ink -> digits: group strokes into digits, order them for reading, cut each out as 28x28 in MNIST style."""

import numpy as np
from scipy import ndimage

from deq.images.ink import Ink, ink_floor
from deq.images.mnist import to_mnist
from deq.images.reading import PictureError
from deq.images.strokes import EIGHT, LIFTS, Box, extent, main_stroke, rim_share, stroke_width, touches_edge

Part = tuple[np.ndarray, Box]  # a stroke inside its box, and the box

MAX_PARTS = 60  # all but the largest 60 components are dust
SPECK = 0.03  # of the longer side; a picture with nothing larger is blank
GRAIN = 0.06  # the same for a photo, whose paper is grainy
BLANK = "No digit found: the picture looks blank. Write one with a darker pen or move closer."


def cut_digits(ink: Ink, threshold: float | None = None) -> np.ndarray:
    """Every digit in the ink, in reading order: (n, 28, 28) uint8, white on black, n > 0.

    threshold: strength in 0..1 above which a pixel counts as ink, or None to choose it.

    Raises:
        PictureError: nothing looks like a digit.
    """
    mask = stroke_mask(ink, threshold)
    groups = in_reading_order(group(mask, SPECK if ink.noise < 0.005 else GRAIN))
    return np.stack([cut(ink.strength, mask) for mask in groups])


def stroke_mask(ink: Ink, threshold: float | None) -> np.ndarray:
    """Where the ink is: at least 40 % as strong as the main stroke, unless a threshold is given."""
    if threshold is None:
        lifts = (1.0,) if ink.flat else LIFTS
        _, core, floor = main_stroke(ink.strength, ink_floor(ink.strength, ink.noise), lifts)
        threshold = max(floor, 0.4 * core)
    mask = ink.strength > threshold
    if not mask.any():
        raise PictureError(BLANK)
    return mask


def group(mask: np.ndarray, least: float) -> list[np.ndarray]:
    """Components grouped into digits, one mask each. Blank if none is larger than `least` of the longer side."""
    labels = components(mask)
    boxes = ndimage.find_objects(labels)
    order = sorted(range(len(boxes)), key=lambda i: -extent(boxes[i]))[:MAX_PARTS]
    parts = [(labels[boxes[i]] == i + 1, boxes[i]) for i in order]
    parts = [part for part in parts if rim_share(*part, mask.shape) < 0.6 and is_dense(part)]
    if not parts or extent(parts[0][1]) < max(4, least * max(mask.shape)):
        raise PictureError(BLANK)
    upright = [part for part in parts if is_upright(part)] or parts[:1]
    size = max(extent(box) for _, box in upright)
    digits = [part for part in upright if is_digit(part, size, mask.shape)]
    rest = [part for part in parts if not any(part is digit for digit in digits)]
    masks = merge([to_mask(part, mask.shape) for part in digits], size)
    return attach_marks(masks, rest, size)


def components(mask: np.ndarray) -> np.ndarray:
    """Labels of the strokes; in a large picture, pencil gaps of a few pixels do not split one."""
    bridged = ndimage.binary_dilation(mask, iterations=2) if min(mask.shape) > 200 else mask
    return np.where(mask, ndimage.label(bridged, EIGHT)[0], 0)


def is_dense(part: Part) -> bool:
    """A solid stroke, not scattered grain."""
    return bool(np.count_nonzero(part[0]) > 0.5 * extent(part[1]))


def is_upright(part: Part) -> bool:
    """Less than four times as wide as tall, so not a dash."""
    rows, columns = part[1]
    return rows.stop - rows.start > 0.25 * (columns.stop - columns.start)


def is_digit(part: Part, size: int, shape: tuple[int, ...]) -> bool:
    """Tall enough, compared with the largest part, to be a separate digit."""
    height = part[1][0].stop - part[1][0].start
    cut_off = touches_edge(part[1], shape) and extent(part[1]) < 0.8 * size
    return extent(part[1]) == size or (height > 0.5 * size and not cut_off)


def to_mask(part: Part, shape: tuple[int, ...]) -> np.ndarray:
    """A part as a mask of the whole picture."""
    mask = np.zeros(shape, bool)
    mask[part[1]] = part[0]
    return mask


def merge(masks: list[np.ndarray], size: int) -> list[np.ndarray]:
    """Join tall parts stacked with hardly a gap: one broken digit."""
    merged: list[np.ndarray] = []
    for mask in masks:
        near = ndimage.distance_transform_edt(~mask) < max(3, 0.12 * size) if merged else mask
        twin = next((i for i, m in enumerate(merged) if is_same_digit(m, mask, near)), None)
        if twin is None:
            merged.append(mask)
        else:
            merged[twin] = merged[twin] | mask
    return merged


def is_same_digit(a: np.ndarray, b: np.ndarray, near_b: np.ndarray) -> bool:
    """Whether two tall parts share columns, and also rows or all but a small gap."""
    return overlap(a, b, 0) > 0.4 and (overlap(a, b, 1) > 0.05 or bool((a & near_b).any()))


def overlap(a: np.ndarray, b: np.ndarray, axis: int) -> float:
    """Fraction of the narrower mask's columns (axis 0) or rows (axis 1) that both masks occupy."""
    a, b = a.any(axis), b.any(axis)
    return int(np.count_nonzero(a & b)) / min(int(np.count_nonzero(a)), int(np.count_nonzero(b)))


def attach_marks(masks: list[np.ndarray], rest: list[Part], size: int) -> list[np.ndarray]:
    """Assign each small part to the digit it nearly touches; drop dust and distant marks."""
    if not rest:
        return masks
    gaps = [ndimage.distance_transform_edt(~mask) for mask in masks]
    widths = [stroke_width(mask) for mask in masks]
    result = [mask.copy() for mask in masks]
    for inside, box in rest:
        distances = [float(gap[box][inside].min()) for gap in gaps]
        owner = int(np.argmin(distances))
        long_enough = extent(box) > max(2 * widths[owner], 0.1 * size)
        reach = 0.35 if extent(box) > 0.3 * size else 0.2  # the detached bar of a five, not a stray mark
        if distances[owner] < reach * size and long_enough:
            result[owner][box] |= inside
    return result


def in_reading_order(masks: list[np.ndarray]) -> list[np.ndarray]:
    """Rows from top to bottom, each from left to right."""
    boxes = [ndimage.find_objects(mask.astype(np.int8))[0] for mask in masks]
    order = sorted(range(len(masks)), key=lambda i: boxes[i][0].start + boxes[i][0].stop)
    rows: list[list[int]] = []
    for i in order:
        middle = (boxes[i][0].start + boxes[i][0].stop) / 2
        if rows and middle < boxes[rows[-1][0]][0].stop:
            rows[-1].append(i)
        else:
            rows.append([i])
    return [masks[i] for row in rows for i in sorted(row, key=lambda i: boxes[i][1].start)]


def cut(strength: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """One digit of the ink, by its mask -> (28, 28) uint8."""
    (rows, columns) = box = ndimage.find_objects(mask.astype(np.int8))[0]
    near = np.pad(mask[box], 2)
    strength = np.pad(strength, 2)[rows.start : rows.stop + 4, columns.start : columns.stop + 4]
    level = np.quantile(strength[near], 0.8)
    soft = np.clip(strength / level, 0, 1) * ndimage.binary_dilation(near, np.ones((3, 3)))
    return to_mnist(soft)
