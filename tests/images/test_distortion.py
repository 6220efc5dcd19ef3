"""Distortions: direction of shifts and turns, blur preserves ink, noise is reproducible."""

import numpy as np
import pytest
from scipy import ndimage

from deq.images.distortion import Distortion

PICTURE = np.zeros((28, 28), np.uint8)
PICTURE[10:18, 12:15] = 255


def test_all_zero_changes_nothing() -> None:
    np.testing.assert_array_equal(Distortion()(PICTURE), PICTURE)


def test_shifts_go_right_and_down_and_turns_counter_clockwise() -> None:
    row, column = ndimage.center_of_mass(PICTURE)
    moved = ndimage.center_of_mass(Distortion(right=3, down=-2)(PICTURE))
    np.testing.assert_allclose(moved, (row - 2, column + 3), atol=1e-6)
    np.testing.assert_array_equal(Distortion(turn=90)(PICTURE), np.rot90(PICTURE))


def test_blur_preserves_ink_and_noise_is_reproducible() -> None:
    assert Distortion(blur=1)(PICTURE).sum() == pytest.approx(PICTURE.sum(), rel=0.02)
    assert Distortion(blur=1)(PICTURE).max() < 255
    noisy = Distortion(noise=0.2)
    np.testing.assert_array_equal(noisy(PICTURE), noisy(PICTURE))
    assert (noisy(PICTURE) != noisy(PICTURE, seed=1)).any()
