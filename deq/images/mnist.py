"""Ink of one digit -> 28x28 in MNIST style."""

import numpy as np
from PIL import Image
from scipy import ndimage

from deq.images.strokes import stroke_width

BOX = 20  # the digit fits into 20x20, its centre of mass at the centre of 28x28
STROKE = (2.6, 3.6)  # bounds that strokes are thickened or thinned to, in pixels of the 20x20 box
BLURRED = 0.25  # a thick stroke is blurred if its edge is wider than this fraction of its width


def to_mnist(soft: np.ndarray) -> np.ndarray:
    """Ink (rows, columns) in 0..1 with an empty rim -> (28, 28) uint8 in MNIST style."""
    soft = normalise_pen(soft)
    mask = soft > 0.5
    rows, columns = ndimage.find_objects(mask.astype(np.int8))[0]
    soft = soft[max(rows.start - 1, 0) : rows.stop + 1, max(columns.start - 1, 0) : columns.stop + 1]
    scale = BOX / max(rows.stop - rows.start, columns.stop - columns.start)
    size = [max(1, round(n * scale)) for n in soft.shape[::-1]]
    small = Image.fromarray(soft.astype(np.float32)).resize(size, Image.Resampling.BOX)
    return centre(np.clip(np.asarray(small), 0, 1))


def normalise_pen(soft: np.ndarray) -> np.ndarray:
    """Thicken or thin strokes to MNIST's width, by signed distance.

    Thick, blurred ink stays: enlarged from a few pixels, its greys carry more than a sharp edge would.
    """
    mask = soft > 0.5
    size = max(mask.any(0).sum(), mask.any(1).sum())
    if size < 8 * BOX:
        soft = ndimage.zoom(soft, 8 * BOX / size, order=3)
        mask = soft > 0.5
        size = max(mask.any(0).sum(), mask.any(1).sum())
    width = stroke_width(mask)
    unit = size / BOX
    target = np.clip(width / unit, *STROKE) * unit
    blurred = target < width and edge_width(soft, mask) > BLURRED * width
    if blurred or abs(target - width) < 0.1 * unit:
        return soft
    grow = (target - width) / 2
    mask = np.pad(mask, int(max(grow, 0)) + 2)
    distance = ndimage.distance_transform_edt(mask) - ndimage.distance_transform_edt(~mask)
    return np.clip((distance + grow) / (0.5 * unit) + 0.5, 0, 1)


def edge_width(soft: np.ndarray, mask: np.ndarray) -> float:
    """Width of the transition from paper to ink, in pixels: grey pixels over pixels along the mask's edge."""
    between = (soft > 0.15) & (soft < 0.85)
    return between.sum() / (mask & ~ndimage.binary_erosion(mask)).sum()


def centre(ink: np.ndarray) -> np.ndarray:
    """Ink of at most 24x24 in 0..1 -> (28, 28) uint8 with its centre of mass in the middle."""
    canvas = np.zeros((28, 28))
    place = []
    for n, mass in zip(ink.shape, ndimage.center_of_mass(ink), strict=True):
        place.append(int(np.clip(round(13.5 - mass), 0, 28 - n)))
    canvas[place[0] : place[0] + ink.shape[0], place[1] : place[1] + ink.shape[1]] = ink
    return np.round(255 * canvas).astype(np.uint8)
