"""Small pictures enlarged, with sharp pixels."""

import numpy as np


def enlarged(picture: np.ndarray, times: int) -> np.ndarray:
    """Each pixel of a picture (rows, columns, ...) as a square of `times` by `times`."""
    return picture.repeat(times, axis=0).repeat(times, axis=1)
