"""Ink -> digits: which strokes belong together, in reading order, each as the 28x28 that MNIST has."""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from deq.images.ink import Ink
from deq.images.reading import PictureError

BOX = 20  # MNIST: the digit fits into 20x20, its centre of mass in the middle of 28x28
STROKE = (2.0, 3.6)  # thinner and thicker pens, in pixels of the 20x20 box, are brought to these bounds
MAX_PARTS = 60  # marks beyond the largest sixty are dust
BLANK = "No digit found: the picture looks blank. Write one with a darker pen or move closer."


@dataclass(frozen=True)
class Digit:
    """image: (28, 28) uint8, white on black; box: (left, top, right, bottom) in pixels of the picture."""

    image: np.ndarray
    box: tuple[int, int, int, int]


def cut_digits(ink: Ink, threshold: float | None = None) -> list[Digit]:
    """Every digit in the ink, in reading order.

    threshold: the strength in 0..1 above which a pixel counts as ink, or None to find it out.

    Raises:
        PictureError: nothing there looks like a digit.
    """
    mask = stroke_mask(ink, threshold)
    groups = in_reading_order(group(mask))
    return [cut(ink, mask) for mask in groups]


def stroke_mask(ink: Ink, threshold: float | None) -> np.ndarray:
    """Where the ink is: stronger than a share of the strength of the picture's main stroke."""
    strength = ink.strength
    if threshold is None:
        floor = max(4 * ink.noise, 0.04)
        level = main_level(strength, floor)
        threshold = max(floor, 0.4 * level)
    mask = strength > threshold
    if not mask.any():
        raise PictureError(BLANK)
    return mask


def main_level(strength: np.ndarray, floor: float) -> float:
    """Strength of the core of the longest stroke above `floor`."""
    labels, count = ndimage.label(strength > floor, np.ones((3, 3)))
    if count == 0:
        raise PictureError(BLANK)
    best, level = 0.0, 0.0
    for index, box in enumerate(ndimage.find_objects(labels), 1):
        inside = labels[box] == index
        core = float(np.quantile(strength[box][inside], 0.9))
        score = extent(box) * core * (1 - rim_share(inside, box, strength.shape))
        if score > best:
            best, level = score, core
    return level


def extent(box) -> int:
    """The longer side of a box of slices."""
    return max(side.stop - side.start for side in box)


def rim_share(inside: np.ndarray, box, shape) -> float:
    """Share of a component's pixels that lie in the rim of the picture: 1 for a scanner's dark border."""
    ys, xs = np.nonzero(inside)
    ys, xs = ys + box[0].start, xs + box[1].start
    rim = [0.06 * n for n in shape]
    touches = (ys == 0) | (ys == shape[0] - 1) | (xs == 0) | (xs == shape[1] - 1)
    near = (ys < rim[0]) | (ys >= shape[0] - rim[0]) | (xs < rim[1]) | (xs >= shape[1] - rim[1])
    return float(near.mean()) if touches.any() else 0.0


def group(mask: np.ndarray) -> list[np.ndarray]:
    """Components of the mask gathered into digits, a mask each."""
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    boxes = ndimage.find_objects(labels)
    order = sorted(range(len(boxes)), key=lambda i: -extent(boxes[i]))[:MAX_PARTS]
    parts = [(labels[boxes[i]] == i + 1, boxes[i]) for i in order]
    parts = [part for part in parts if rim_share(*part, mask.shape) < 0.6]
    if not parts:
        raise PictureError(BLANK)
    size = max(extent(box) for _, box in parts)
    digits = [part for part in parts if is_digit(part, size, mask.shape)]
    rest = [part for part in parts if not any(part is digit for digit in digits)]
    masks = merge([spread(part, mask.shape) for part in digits], size)
    return adopt(masks, rest, size)


def is_digit(part, size: int, shape) -> bool:
    """Tall enough beside the largest part to be a digit of its own."""
    height = part[1][0].stop - part[1][0].start
    cut_off = touches_edge(part[1], shape) and extent(part[1]) < 0.8 * size
    return extent(part[1]) == size or (height > 0.5 * size and not cut_off)


def touches_edge(box, shape) -> bool:
    return any(side.start == 0 or side.stop == n for side, n in zip(box, shape, strict=True))


def spread(part, shape) -> np.ndarray:
    """A part as a mask of the whole picture."""
    mask = np.zeros(shape, bool)
    mask[part[1]] = part[0]
    return mask


def stroke_width(mask: np.ndarray) -> float:
    """Width in pixels: across a bar of width w the distance to its edge is w / 4 on average."""
    mask = np.pad(mask, 1)
    return max(1.0, 4 * float(ndimage.distance_transform_edt(mask)[mask].mean() - 0.5))


def merge(masks: list[np.ndarray], size: int) -> list[np.ndarray]:
    """Join tall parts that stand above one another with hardly a gap: one digit, broken."""
    merged: list[np.ndarray] = []
    for mask in masks:
        near = ndimage.distance_transform_edt(~mask) < max(3, 0.08 * size) if len(masks) > 1 else mask
        twin = next((i for i, m in enumerate(merged) if (m & near).any() and overlap(m, mask) > 0.4), None)
        if twin is None:
            merged.append(mask)
        else:
            merged[twin] = merged[twin] | mask
    return merged


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the narrower mask's columns that both masks use."""
    a, b = a.any(0), b.any(0)
    return (a & b).sum() / min(a.sum(), b.sum())


def adopt(masks: list[np.ndarray], rest: list, size: int) -> list[np.ndarray]:
    """Give each small part to the digit that it nearly touches; dust and far marks are dropped."""
    gaps = [ndimage.distance_transform_edt(~mask) for mask in masks] if rest else []
    widths = [stroke_width(mask) for mask in masks]
    result = [mask.copy() for mask in masks]
    for inside, box in rest:
        distances = [float(gap[box][inside].min()) for gap in gaps]
        owner = int(np.argmin(distances))
        long_enough = extent(box) > max(2 * widths[owner], 0.1 * size)
        if distances[owner] < 0.2 * size and long_enough:
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


def cut(ink: Ink, mask: np.ndarray) -> Digit:
    """One digit's mask -> its 28x28 and its place."""
    (rows, columns) = box = ndimage.find_objects(mask.astype(np.int8))[0]
    near = np.pad(mask[box], 2)
    strength = np.pad(ink.strength, 2)[rows.start : rows.stop + 4, columns.start : columns.stop + 4]
    level = np.quantile(strength[near], 0.8)
    soft = np.clip(strength / level, 0, 1) * ndimage.binary_dilation(near, np.ones((3, 3)))
    place = (columns.start, rows.start, columns.stop, rows.stop)
    return Digit(to_mnist(soft), tuple(round(edge * ink.scale) for edge in place))


def to_mnist(soft: np.ndarray) -> np.ndarray:
    """Ink (rows, columns) in 0..1 with an empty rim -> (28, 28) uint8 in the manner of MNIST."""
    soft = even_pen(soft)
    mask = soft > 0.5
    rows, columns = ndimage.find_objects(mask.astype(np.int8))[0]
    soft = soft[max(rows.start - 1, 0) : rows.stop + 1, max(columns.start - 1, 0) : columns.stop + 1]
    scale = BOX / max(rows.stop - rows.start, columns.stop - columns.start)
    size = [max(1, round(n * scale)) for n in soft.shape[::-1]]
    small = Image.fromarray(soft.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    return centre(np.clip(np.asarray(small), 0, 1))


def even_pen(soft: np.ndarray) -> np.ndarray:
    """Ink redrawn with a pen of MNIST's width where its own is thinner or thicker, by signed distance."""
    mask = soft > 0.5
    size = max(mask.any(0).sum(), mask.any(1).sum())
    if size < 8 * BOX:
        soft = ndimage.zoom(soft, 8 * BOX / size, order=1)
        mask = soft > 0.5
        size = max(mask.any(0).sum(), mask.any(1).sum())
    width = stroke_width(mask)
    unit = size / BOX
    target = np.clip(width / unit, *STROKE) * unit
    if abs(target - width) < 0.1 * unit:
        return soft
    grow = (target - width) / 2
    mask = np.pad(mask, int(max(grow, 0)) + 2)
    distance = ndimage.distance_transform_edt(mask) - ndimage.distance_transform_edt(~mask)
    return np.clip((distance + grow) / (0.5 * unit) + 0.5, 0, 1)


def centre(ink: np.ndarray) -> np.ndarray:
    """Ink of at most 24x24 in 0..1, its centre of mass in the middle of (28, 28) uint8."""
    canvas = np.zeros((28, 28))
    place = []
    for n, mass in zip(ink.shape, ndimage.center_of_mass(ink), strict=True):
        place.append(int(np.clip(round(13.5 - mass), 0, 28 - n)))
    canvas[place[0] : place[0] + ink.shape[0], place[1] : place[1] + ink.shape[1]] = ink
    return np.round(255 * canvas).astype(np.uint8)
