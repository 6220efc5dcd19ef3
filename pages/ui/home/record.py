"""Recompute the front page's arrays: python -m pages.ui.home.record"""

from io import BytesIO

import numpy as np

from deq.analysis.front_page import front_page
from deq.images import find_digits, read_picture
from deq.images.drawing import paint_drawing, read_drawing
from pages.ui.home.story import DRAWINGS, FILE


def digit_of(strokes: str) -> np.ndarray:
    """The one digit (28, 28) of a drawing in the text of a link, as Predict finds it."""
    picture = BytesIO()
    paint_drawing(read_drawing(strokes)).save(picture, "PNG")
    (digit,) = find_digits(read_picture(picture.getvalue()))
    return digit


def arrays() -> dict[str, np.ndarray]:
    return front_page({step: digit_of(strokes) for step, strokes in DRAWINGS.items()})


if __name__ == "__main__":
    np.savez_compressed(FILE, **arrays())  # type: ignore[arg-type]
