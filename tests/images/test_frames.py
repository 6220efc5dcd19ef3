"""Printed boxes around the writing are removed; a zero is not taken for one."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from deq.images import find_digits
from deq.images.frames import remove_boxes
from tests.images.test_images import REFERENCE, alike, drawing, on_paper


def boxed(inset: float, width: int, turn: float = 0.0) -> np.ndarray:
    """The seven within a printed box; inset: its distance from the picture's edge, a fraction of the height."""
    picture = Image.fromarray(on_paper(drawing()))
    columns, rows = picture.size
    margin = inset * rows
    corners = np.array([[margin, margin], [columns - margin, margin], [columns - margin, rows - margin]])
    corners = np.vstack([corners, [[margin, rows - margin]]]) - [columns / 2, rows / 2]
    angle = np.deg2rad(turn)
    turned = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = [tuple(point) for point in turned + [columns / 2, rows / 2]]
    ImageDraw.Draw(picture).line([*points, points[0]], fill=(60, 60, 60), width=width)
    return np.asarray(picture)


@pytest.mark.parametrize("inset", [0.02, 0.08, 0.15])
@pytest.mark.parametrize("turn", [0.0, 3.0])
@pytest.mark.parametrize("width", [1, 4])
def test_a_box_around_the_digit_is_removed(inset: float, turn: float, width: int) -> None:
    digits = find_digits(boxed(inset, width, turn))
    assert len(digits) == 1
    assert alike(digits[0], REFERENCE) > 0.9


@pytest.mark.parametrize("inside", [0, 6])
def test_a_zero_is_kept_even_with_a_dot_in_it(inside: int) -> None:
    picture = Image.new("L", (120, 160))
    brush = ImageDraw.Draw(picture)
    brush.ellipse((20, 20, 100, 140), outline=255, width=10)
    brush.ellipse((60 - inside, 80 - inside, 60 + inside, 80 + inside), fill=255)
    ink = np.asarray(picture) / 255.0
    np.testing.assert_array_equal(remove_boxes(ink.copy(), 0.1), ink)


def test_an_empty_box_is_kept() -> None:
    ink = np.zeros((100, 100))
    ink[20:80, 20:80] = 1
    ink[24:76, 24:76] = 0
    np.testing.assert_array_equal(remove_boxes(ink.copy(), 0.1), ink)
