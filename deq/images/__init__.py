"""A photo, scan or drawing -> 28x28 images like those the model was trained on.

`read_picture` decodes a file safely, `find_ink` separates ink from paper, `cut_digits` cuts the digits out in
MNIST style; `find_digits` does the last two at once, `keep_plain` keeps the whole picture. `pictures_in` opens a
zip of pictures.
"""

from collections.abc import Callable

import numpy as np

from deq.extras import extra

with extra("images"):
    from deq.images.bundle import MAX_FILES, count_pictures, is_zip, pictures_in
    from deq.images.digits import cut_digits
    from deq.images.ink import Ink, find_ink
    from deq.images.plain import keep_plain
    from deq.images.reading import MAX_BYTES, PictureError, read_picture

__all__ = [
    "MAX_BYTES",
    "MAX_FILES",
    "READERS",
    "Ink",
    "PictureError",
    "count_pictures",
    "cut_digits",
    "find_digits",
    "find_ink",
    "is_zip",
    "keep_plain",
    "pictures_in",
    "read_picture",
]


def find_digits(
    picture: np.ndarray, polarity: str | None = None, threshold: float | None = None
) -> np.ndarray:
    """The digits in a picture (rows, columns, 3) uint8, in reading order: (n, 28, 28) uint8, n > 0.

    Args:
        polarity: "dark" ink on light paper, "light" ink on dark paper, or None to detect it.
        threshold: strength in 0..1 above which a pixel counts as ink, or None to choose it.

    Raises:
        PictureError: nothing in the picture looks like a digit.
    """
    return cut_digits(find_ink(picture, polarity), threshold)


# A picture (rows, columns, 3) uint8 -> (n, 28, 28) uint8, n > 0; the names are those of deq.data.READERS.
READERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"digits": find_digits, "plain": keep_plain}
