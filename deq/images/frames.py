"""Remove what surrounds the writing: printed boxes, a scanner's lid, the table, a shadow at the edge."""

import numpy as np
from scipy import ndimage

from deq.images.strokes import EIGHT, extent


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

    At the edge of a photo, a stroke that runs out and a dark area look alike. `strength` assumes that the paper
    goes on beyond the edge in its usual shade, `ending` that it goes on as it ends. Where only the former is ink,
    a component is a frame if most of it lies there or it fills the edge from end to end.
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
