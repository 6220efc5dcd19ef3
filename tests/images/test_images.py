"""From a picture to 28x28: ink separated from paper, digits in reading order and in MNIST style."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from deq.data import load_dataset
from deq.images import PictureError, cut_digits, find_digits, find_ink
from deq.images.digits import in_reading_order
from deq.images.distortion import Distortion
from deq.images.lines import TILTS, line_profile, may_have_lines, remove_lines, shear, strips
from deq.images.mnist import normalise_pen, to_mnist
from deq.images.strokes import stroke_width
from tests.support import pictures

RNG = np.random.default_rng(0)
SEVEN = np.zeros((28, 28), np.uint8)  # a bar and a slanted stem
SEVEN[5:7, 8:19] = 255
for row in range(7, 23):
    SEVEN[row, 18 - (row - 7) // 2 : 20 - (row - 7) // 2] = 255


def drawing(size=(200, 240), place=(0.5, 0.5), height=100, width=9) -> np.ndarray:
    """Ink (rows, columns) in 0..1 of the seven."""
    return pictures.draw(SEVEN, size, height, width, RNG, place=place, tilt=0.1)


def on_paper(ink: np.ndarray, colour=(0, 0, 0), paper=(1, 1, 1)) -> np.ndarray:
    scene = pictures.lay(ink, colour, np.ones((*ink.shape, 3)) * paper)
    return np.round(255 * scene).astype(np.uint8)


def alike(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two pictures, 1 for the same."""
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


SHIFTS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
REFERENCE = find_digits(on_paper(drawing()))[0]


def test_size_and_centre_of_mass_match_mnist() -> None:
    rows, columns = np.nonzero(REFERENCE > 127)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
    assert np.allclose(ndimage.center_of_mass(REFERENCE.astype(float)), 13.5, atol=0.51)
    assert REFERENCE.max() > 250
    assert REFERENCE.dtype == np.uint8


@pytest.mark.parametrize("width", [1, 3, 10, 25, 40])
def test_width_of_a_bar(width: int) -> None:
    bar = np.zeros((60, 200), bool)
    bar[5 : 5 + width, 5:195] = True
    assert stroke_width(bar) == pytest.approx(width, rel=0.15, abs=1.1)


def test_a_bar_keeps_its_proportions() -> None:
    soft = np.zeros((124, 44))
    soft[2:122, 2:42] = 1  # three times as tall as wide, wider than any pen
    image = to_mnist(soft) > 127
    assert image.any(1).sum() == 20
    assert 3 <= image.any(0).sum() <= 7


@pytest.mark.parametrize("width", [1, 2, 5, 20])
def test_any_pen_gives_strokes_like_mnist(width: int) -> None:
    image = find_digits(on_paper(drawing((300, 300), height=200, width=width)))[0]
    assert 1.5 <= stroke_width(image > 127) <= 5.5
    assert max(alike(np.roll(image, shift, (0, 1)), REFERENCE) for shift in SHIFTS) > 0.8


@pytest.mark.parametrize(
    ("colour", "paper"),
    [
        ((1, 1, 1), (0, 0, 0)),
        ((1, 0.8, 0), (1, 1, 1)),
        ((0, 0, 1), (1, 1, 1)),
        ((0.9, 0.9, 1), (0.1, 0.3, 0.2)),
    ],
    ids=["white on black", "yellow on white", "blue on white", "chalk on a board"],
)
def test_colours_and_polarity(colour, paper) -> None:
    assert alike(find_digits(on_paper(drawing(), colour, paper))[0], REFERENCE) > 0.97


def test_polarity_can_be_given() -> None:
    picture = on_paper(drawing())
    assert find_ink(picture).polarity == "dark"
    assert find_ink(255 - picture).polarity == "light"
    assert find_ink(picture, polarity="light").polarity == "light"


def test_the_strength_of_ink_lies_between_0_and_1() -> None:
    """On grainy paper, where half of the pixels are lighter than their surroundings."""
    grain = np.random.default_rng(0).normal(0, 4, (200, 240, 3))
    photo = np.clip(on_paper(drawing(), paper=(0.8, 0.8, 0.8)) + grain, 0, 255).astype(np.uint8)
    for picture in (photo, 255 - photo):
        strength = find_ink(picture).strength
        assert (strength.min(), strength.max() <= 1) == (0, True)


def test_polarity_of_thick_strokes() -> None:
    """Strokes so thick that the gaps between them look like strokes too: about nine in ten are right."""
    rng, right = np.random.default_rng(0), []
    for digit in load_dataset("digits").test_images[:30, :, :, 0]:
        thick = ndimage.grey_dilation(ndimage.zoom(digit / 255, 5, order=1), (15, 15))
        photo = 200 - 120 * np.pad(np.clip(thick, 0, 1), 6)
        photo = np.clip(photo + rng.normal(0, 4, photo.shape), 0, 255)
        for picture, polarity in ((photo, "dark"), (255 - photo, "light")):
            found = find_ink(np.repeat(picture[..., None], 3, axis=2).astype(np.uint8))
            right.append(found.polarity == polarity)
    assert np.mean(right) > 0.8


def test_threshold_can_be_given() -> None:
    faint = np.maximum(on_paper(drawing(place=(0.5, 0.2))), 200)
    both = np.minimum(faint, on_paper(drawing(place=(0.5, 0.75))))
    assert len(find_digits(both, threshold=0.1)) == 2
    assert len(find_digits(both, threshold=0.5)) == 1


@pytest.mark.parametrize("edge", [1, 20, 80], ids=["sharp", "soft", "softer"])
def test_a_shadow_changes_nothing(edge: int) -> None:
    lit = np.where(np.arange(240) < 130, 1.0, 0.5)[None, :, None]
    lit = ndimage.uniform_filter1d(lit, edge, axis=1, mode="nearest")
    picture = np.round(on_paper(drawing(), (0.1, 0.1, 0.1), (0.9, 0.9, 0.85)) * lit).astype(np.uint8)
    assert alike(find_digits(picture)[0], REFERENCE) > 0.95


@pytest.mark.parametrize(("degrees", "fan"), [(0, 0), (3, 0), (-5, 0), (1, 0.1), (0, -0.12)])
def test_ruled_lines_are_removed_and_strokes_mended(degrees: float, fan: float) -> None:
    ink = drawing((300, 300), height=150)
    rules = pictures.ruled(ink.shape, 40, 2, np.deg2rad(degrees))
    rules = shear(rules, fan * np.linspace(-0.5, 0.5, 300)[:, None])  # of a page seen askew
    cleaned = remove_lines(np.maximum(ink, rules), 0.0)
    away = ndimage.binary_dilation(ink > 0, iterations=6)
    assert cleaned[~away & (rules > 0.5)].mean() < 0.1
    assert cleaned[ink > 0.9].mean() > 0.8


def test_lines_are_ruled_out_only_where_no_slope_could_show_one() -> None:
    ink = np.zeros((60, 96), bool)
    for start, stop in pairwise(strips(96)):  # half of each strip is as little as a line can have
        ink[30, start : start + (stop - start) // 2] = True
    assert may_have_lines(ink)
    assert line_profile(shear(ink.astype(float), 0.0)).max() > 0
    for start in strips(96)[:-1]:
        fewer = ink.copy()
        fewer[30, start] = False
        assert not may_have_lines(fewer)
        assert all(line_profile(shear(fewer.astype(float), tilt)).max() == 0 for tilt in TILTS)


def test_scan_frame_and_dust_are_removed() -> None:
    picture = on_paper(drawing())
    picture[:6], picture[:, -4:] = 20, 10
    for y, x in RNG.integers(10, 190, (30, 2)):
        picture[y : y + 2, x : x + 2] = 0
    digits = find_digits(picture)
    assert len(digits) == 1
    assert alike(digits[0], REFERENCE) > 0.9


def test_a_mark_at_the_edge_is_not_a_digit() -> None:
    picture = on_paper(drawing())
    picture[60:150, :3] = 0
    digits = find_digits(picture)
    assert len(digits) == 1
    assert alike(digits[0], REFERENCE) > 0.95


def test_digits_come_in_reading_order() -> None:
    places = [(0.26, 0.15), (0.22, 0.5), (0.3, 0.85), (0.75, 0.3), (0.7, 0.7)]
    ink = np.max([drawing((400, 600), place, 100, 8) for place in places], axis=0)
    assert len(find_digits(on_paper(ink))) == len(places)
    masks = [drawing((400, 600), place, 100, 8) > 0.5 for place in places]
    ordered = in_reading_order(masks[::-1])
    assert all(found is expected for found, expected in zip(ordered, masks, strict=True))


def test_the_detached_bar_of_a_five_stays_with_it() -> None:
    ink = np.zeros((200, 200))
    ink[40:48, 90:140] = 1
    ink[56:100, 70:78] = ink[92:100, 70:120] = ink[92:150, 112:120] = ink[142:150, 60:120] = 1
    assert len(find_digits(on_paper(ink))) == 1


def test_mnist_digits_come_back_unchanged(mnist_dir) -> None:
    images = load_dataset("mnist", mnist_dir).test_images[:40, ..., 0]
    for picture in (images, 255 - images):
        back = [find_digits(np.repeat(image[..., None], 3, 2))[0] for image in picture]
        shifted = [
            max(alike(np.roll(b, s, (0, 1)), i) for s in SHIFTS) for b, i in zip(back, images, strict=True)
        ]
        assert np.median(shifted) > 0.93


@pytest.mark.parametrize("level", [0, 128, 255])
def test_blank_is_refused(level: int) -> None:
    with pytest.raises(PictureError, match="blank"):
        find_digits(np.full((100, 120, 3), level, np.uint8))


@pytest.mark.parametrize("seed", range(4))
def test_blank_paper_with_grain_is_refused(seed: int) -> None:
    grain = (
        200
        + np.random.default_rng(seed).normal(0, 4, (300, 300, 1))
        + np.linspace(-20, 20, 300)[None, :, None]
    )
    with pytest.raises(PictureError, match="blank"):
        cut_digits(find_ink(np.repeat(grain, 3, 2).astype(np.uint8)))


def test_a_thick_pen_is_thinned_unless_blurred() -> None:
    crisp = np.zeros((200, 200))
    crisp[20:180, 70:130] = 1  # 7.5 of the box's 20 pixels wide
    blurred = ndimage.gaussian_filter(crisp, 10)
    assert (normalise_pen(crisp) > 0.5).sum() < 0.6 * crisp.sum()
    assert normalise_pen(blurred) is blurred


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
