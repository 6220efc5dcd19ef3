"""Every format, mode and orientation decodes to the same picture."""

import io

import numpy as np
import pytest
from PIL import Image

from deq.images import find_digits, read_picture
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
