"""Pictures decoded safely: every format and mode the same, hostile files refused in one line."""

import io
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from deq.images import PictureError, find_digits, read_picture
from tests.images.test_images import REFERENCE, RNG, alike, drawing, on_paper


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


def test_transparency_lies_on_white_or_on_black_for_light_ink() -> None:
    ink = drawing()
    for colour in (0, 255):
        rgba = np.full((*ink.shape, 4), colour, np.uint8)
        rgba[..., 3] = np.round(255 * ink)
        assert alike(find_digits(read_picture(file_of(rgba)))[0].image, REFERENCE) > 0.97


def modes() -> dict[str, bytes]:
    """The seven in every way that a file may hold it."""
    grey = on_paper(drawing())[..., 0]
    image = Image.fromarray(grey)
    palette = Image.new("P", image.size)
    palette.putpalette([0, 0, 0, 255, 255, 255])
    palette.putdata((grey > 127).ravel().astype(int).tolist())
    files = {"16-bit": file_of(grey.astype(np.uint16) * 257), "animated": _saved(image, "GIF", save_all=True)}
    files["animated"] = _saved(image, "GIF", save_all=True, append_images=[Image.new("L", image.size)])
    files |= {"CMYK": _saved(image.convert("RGB").convert("CMYK"), "JPEG", quality=95)}
    files |= {
        "palette with alpha": _saved(palette, "PNG", transparency=1),
        "bilevel": _saved(image.convert("1"), "PNG"),
    }
    files |= {
        "grey with alpha": _saved(image.convert("LA"), "PNG"),
        "float": _saved(image.convert("F"), "TIFF"),
    }
    return files | {"webp": _saved(image.convert("RGB"), "WEBP"), "bmp": _saved(image, "BMP")}


def _saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_heic_is_read() -> None:
    assert ".heic" in Image.registered_extensions()


@pytest.mark.parametrize("mode", sorted(modes()))
def test_every_mode_reads_the_same(mode: str) -> None:
    assert alike(find_digits(read_picture(modes()[mode]))[0].image, REFERENCE) > 0.95


def png(rows: int, columns: int, depth: int = 8, colour: int = 2) -> bytes:
    """A header that says how large it is and next to nothing behind it."""
    header = columns.to_bytes(4, "big") + rows.to_bytes(4, "big") + bytes([depth, colour, 0, 0, 0])
    file = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    file.seek(0, io.SEEK_END)
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(10_000_000))), (b"IEND", b"")):
        PngImagePlugin.putchunk(file, kind, body)
    return file.getvalue()


HOSTILE = {
    "empty": (b"", "empty"),
    "text": (b"this is no picture, whatever its name says", "not a picture"),
    "zip": (b"PK\x03\x04" + bytes(100), "zip, not a picture"),
    "heic": (b"\x00\x00\x00\x18ftypheic" + bytes(40), "HEIC"),
    "100 MB": (bytes(100_000_000), "more than 20 MB"),
    "deep and large": (png(6000, 5000, depth=16, colour=0), "20 million"),
    "truncated PNG": (file_of(on_paper(drawing()))[:300], "damaged"),
    "truncated JPEG": (
        file_of(RNG.integers(0, 256, (300, 300, 3), dtype=np.uint8), "JPEG")[:4000],
        "damaged",
    ),
    "header only": (file_of(on_paper(drawing()))[:20], "not a picture"),
    "bomb": (png(20_000, 20_000), "50 million"),
    "one pixel": (file_of(np.zeros((1, 1, 3), np.uint8)), "only 1 x 1"),
    "sliver": (file_of(np.zeros((4, 2000, 3), np.uint8)), "only 2000 x 4"),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_get_one_line_and_cost_no_memory(name: str) -> None:
    data, message = HOSTILE[name]
    tracemalloc.start()
    with pytest.raises(PictureError, match=message) as caught:
        read_picture(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert peak < 50e6
