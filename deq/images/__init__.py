"""A photo, scan or drawing -> the 28x28 the model was trained on.

`read_picture` decodes a file safely, `find_ink` separates ink from paper, `cut_digits` brings each digit
into the manner of MNIST; `find_digits` does the last two at once. `pictures_in` opens a zip of them.
"""

import numpy as np

from deq.images.bundle import MAX_FILES, is_zip, pictures_in
from deq.images.digits import Digit, cut_digits
from deq.images.ink import Ink, find_ink
from deq.images.reading import MAX_BYTES, PictureError, read_picture

__all__ = [
    "MAX_BYTES",
    "MAX_FILES",
    "Digit",
    "Ink",
    "PictureError",
    "cut_digits",
    "find_digits",
    "find_ink",
    "is_zip",
    "pictures_in",
    "read_picture",
]


def find_digits(
    picture: np.ndarray, polarity: str | None = None, threshold: float | None = None
) -> list[Digit]:
    """The digits in a picture (rows, columns, 3) uint8, in reading order, at least one.

    Args:
        polarity: "dark" ink on light paper, "light" ink on dark paper, or None to find out.
        threshold: the ink's strength in 0..1 above which a pixel counts, or None to find out.

    Raises:
        PictureError: nothing in the picture looks like a digit.
    """
    return cut_digits(find_ink(picture, polarity), threshold)
