"""Every format, mode and orientation decodes to the same picture."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from deq.images import find_digits, read_picture
from deq.images.lines import remove_boxes
from tests.images.test_images import REFERENCE, alike, drawing, on_paper


def file_of(array: np.ndarray, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_orientation(turn: int) -> None:
    upright = on_paper(drawing())
    stored = {1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud}
    stored |= {5: lambda a: a.swapaxes(0, 1), 6: np.rot90, 7: lambda a: np.rot90(a, 2).swapaxes(0, 1)}
    stored |= {8: lambda a: np.rot90(a, 3)}
    exif = Image.Exif()
    exif[0x0112] = turn
    data = file_of(np.ascontiguousarray(stored[turn](upright)), "JPEG", exif=exif, quality=95)
    picture = read_picture(data)
    assert picture.shape == upright.shape
    assert alike(picture, upright) > 0.99


def test_transparent_pictures_lie_on_white_or_on_black_for_light_ink() -> None:
    ink = drawing()
    for colour in (0, 255):
        rgba = np.full((*ink.shape, 4), colour, np.uint8)
        rgba[..., 3] = np.round(255 * ink)
        assert alike(find_digits(read_picture(file_of(rgba)))[0], REFERENCE) > 0.97


def modes() -> dict[str, bytes]:
    """The seven in every mode of a file."""
    grey = on_paper(drawing())[..., 0]
    image = Image.fromarray(grey)
    palette = Image.new("P", image.size)
    palette.putpalette([0, 0, 0, 255, 255, 255])
    palette.putdata((grey > 127).ravel().astype(int).tolist())
    return {
        "16-bit": file_of(grey.astype(np.uint16) * 257),
        "animated": _saved(image, "GIF", save_all=True, append_images=[Image.new("L", image.size)]),
        "CMYK": _saved(image.convert("RGB").convert("CMYK"), "JPEG", quality=95),
        "palette with alpha": _saved(palette, "PNG", transparency=1),
        "bilevel": _saved(image.convert("1"), "PNG"),
        "grey with alpha": _saved(image.convert("LA"), "PNG"),
        "float": _saved(image.convert("F"), "TIFF"),
        "webp": _saved(image.convert("RGB"), "WEBP"),
        "bmp": _saved(image, "BMP"),
    }


def _saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_heic_is_read() -> None:
    assert ".heic" in Image.registered_extensions()


@pytest.mark.parametrize("mode", sorted(modes()))
def test_every_mode_reads_the_same(mode: str) -> None:
    assert alike(find_digits(read_picture(modes()[mode]))[0], REFERENCE) > 0.95


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
