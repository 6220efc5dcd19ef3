"""Any upload is read or refused in one line, in bounded memory, without touching a file."""

import io
import struct
import tracemalloc
import warnings
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from deq.images import MAX_BYTES, MAX_FILES, PictureError, find_digits, pictures_in, read_picture
from deq.images.bundle import MAX_UNPACKED
from tests.images.test_bundle import zipped
from tests.images.test_images import drawing, on_paper
from tests.images.test_reading import file_of
from tests.support.audit import touching_nothing

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=40, deadline=None, derandomize=True)
SMALL = on_paper(drawing((64, 64), height=40, width=4))


def whole_files() -> dict[str, bytes]:
    """The same digit in every format that can be read."""
    kinds = {
        "PNG": {},
        "JPEG": {"quality": 80},
        "WEBP": {},
        "GIF": {},
        "BMP": {},
        "PPM": {},
        "AVIF": {},
    }
    files = {kind: file_of(SMALL, kind, **options) for kind, options in kinds.items()}
    for compression in ("raw", "tiff_lzw", "jpeg"):
        files[f"TIFF {compression}"] = file_of(SMALL, "TIFF", compression=compression)
    return files


WHOLE = whole_files()
Image.init()  # load every decoder before opened files are watched
"".encode("cp437")  # and the code page of names in zips
HEADS = [
    b"",
    b"PK\x03\x04",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    b"\0\0\0\x20ftypavif",
    b"8BPS",
    b"%PDF-1.4",
]


def damage(data: bytes, rng: np.random.Generator) -> bytes:
    """Change a few bytes, then cut the end off, or remove or repeat a stretch."""
    changed = bytearray(data)
    for at in rng.integers(0, len(data), rng.integers(0, 8)):
        changed[at] = rng.integers(0, 256)
    first, last = sorted(rng.integers(0, len(data), 2))
    whole = bytes(changed)
    return (whole, whole[:last], whole[:first] + whole[last:], whole + whole[first:last])[rng.integers(0, 4)]


def read(data: bytes) -> list[int | PictureError]:
    """What the page does with an upload: for each picture, the number of digits found or the refusal."""
    with touching_nothing():
        return [_count_digits(part) for _, part in pictures_in(data)]


def _count_digits(data: bytes | PictureError) -> int | PictureError:
    try:
        if isinstance(data, PictureError):
            raise data
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = find_digits(read_picture(data))
    except PictureError as error:
        return _in_one_line(error)
    assert found.shape == (len(found), 28, 28)
    assert found.dtype == np.uint8
    return len(found)


def _in_one_line(error: PictureError) -> PictureError:
    assert len(str(error).splitlines()) == 1
    return error


def test_the_undamaged_files_are_read() -> None:
    assert [_count_digits(data) for data in WHOLE.values()] == [1] * len(WHOLE)


@few
@given(st.sampled_from(sorted(WHOLE)), seeds)
def test_damaged_files(kind: str, seed: int) -> None:
    read(damage(WHOLE[kind], np.random.default_rng(seed)))


@few
@given(st.binary(max_size=400), st.sampled_from([data[:32] for data in WHOLE.values()] + HEADS))
def test_noise_after_a_valid_header(noise: bytes, head: bytes) -> None:
    read(head + noise)


@few
@given(seeds)
def test_damaged_zips(seed: int) -> None:
    read(damage(zipped({"a.png": WHOLE["PNG"], "b/c.jpg": WHOLE["JPEG"]}), np.random.default_rng(seed)))


@settings(few, max_examples=10)
@given(st.integers(8, 90), st.integers(8, 90), st.sampled_from(["1", "L", "RGB", "I;16"]), seeds)
def test_pictures_of_anything(rows: int, columns: int, mode: str, seed: int) -> None:
    """Noise of any size and density: digits or a refusal."""
    rng = np.random.default_rng(seed)
    grey = rng.integers(0, 256, (rows, columns)) * (rng.random((rows, columns)) < rng.random())
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    file = io.BytesIO()
    (deep if mode == "I;16" else Image.fromarray(grey.astype(np.uint8)).convert(mode)).save(file, "PNG")
    read(file.getvalue())


def renamed(member: str) -> bytes:
    """A zip with a picture under any name, unchecked."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("x" * len(member))
        archive.writestr(info, WHOLE["PNG"])
    return file.getvalue().replace(b"x" * len(member), member.encode())


def lying_zip() -> bytes:
    """A zip that declares 10 bytes for a member of 30 MB."""
    data = bytearray(zipped({"a.png": bytes(30_000_000)}))
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 10)
    return bytes(data)


def many_frames() -> bytes:
    image = Image.fromarray(SMALL)
    return file_of(SMALL, "GIF", save_all=True, append_images=[image.rotate(i) for i in range(1, 40)])


def gif_screen(side: int) -> bytes:
    """A small GIF that declares itself side x side."""
    data = bytearray(WHOLE["GIF"])
    data[6:10] = struct.pack("<HH", side, side)
    return bytes(data)


def png(rows: int, columns: int, depth: int = 8, colour: int = 2) -> bytes:
    """A small PNG that declares itself rows x columns."""
    header = columns.to_bytes(4, "big") + rows.to_bytes(4, "big") + bytes([depth, colour, 0, 0, 0])
    file = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    file.seek(0, io.SEEK_END)
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(10_000_000))), (b"IEND", b"")):
        PngImagePlugin.putchunk(file, kind, body)
    return file.getvalue()


# Upload -> its bytes, and the words that refuse it; None where one digit is read.
CORPUS: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "zero bytes": (lambda: b"", "empty"),
    "one byte": (lambda: b"\x89", "not a picture"),
    "text named .png": (lambda: b"<svg onload='alert(1)'/>", "not a picture"),
    "a header alone": (lambda: WHOLE["PNG"][:20], "not a picture"),
    "a truncated PNG": (lambda: WHOLE["PNG"][:300], "damaged"),
    "a truncated JPEG": (lambda: WHOLE["JPEG"][:900], "damaged"),
    "a damaged HEIC": (lambda: b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
    "a bomb of 20,000 x 20,000": (lambda: png(20_000, 20_000), "50 million"),
    "6000 x 5000 with 16 bits": (lambda: png(6000, 5000, depth=16, colour=0), "20 million"),
    "a GIF of 60,000 x 60,000": (lambda: gif_screen(60_000), "50 million"),
    "a PPM of 100,000 x 100,000": (lambda: b"P6 100000 100000 255\n" + bytes(100), "50 million"),
    "a BMP with a negative width": (
        lambda: WHOLE["BMP"][:18] + struct.pack("<i", -64) + WHOLE["BMP"][22:],
        "50 million",
    ),
    "1 x 1": (lambda: file_of(np.zeros((1, 1, 3), np.uint8)), "only 1 x 1"),
    "1 x 5000": (lambda: file_of(np.zeros((1, 5000, 3), np.uint8)), "only 5000 x 1"),
    "16 bits": (lambda: file_of(SMALL[..., 0].astype(np.uint16) * 257), None),
    "animated": (many_frames, None),
    "100 MB": (lambda: bytes(100_000_000), "larger than 20 MB"),
    "a picture with 25 MB behind it": (lambda: WHOLE["PNG"] + bytes(25_000_000), "larger than 20 MB"),
    "an empty zip": (lambda: zipped({}), "no files"),
    "a truncated zip": (lambda: zipped({"a.png": WHOLE["PNG"]})[:-30], "damaged"),
    "a zip of 21 MB": (lambda: b"PK\x03\x04" + bytes(MAX_BYTES), "larger than 20 MB"),
    "a zip of many": (lambda: zipped({f"{i}.png": b"x" for i in range(MAX_FILES + 1)}), "at most 200"),
    "a zip bomb": (
        lambda: zipped({f"{i}.png": bytes(MAX_UNPACKED // 3) for i in range(4)}),
        "more than 100 MB",
    ),
    "a zip in a zip": (lambda: zipped({"a.zip": zipped({"a.png": WHOLE["PNG"]})}), "inside a zip"),
    "a zip that lies": (lying_zip, "damaged"),
    "../../up.png": (lambda: renamed("../../up.png"), "outside the zip"),
    "/etc/up.png": (lambda: renamed("/etc/up.png"), "outside the zip"),
    "..\\up.png": (lambda: renamed("..\\up.png"), "outside the zip"),
    "a name of nothing": (lambda: renamed("/"), "no files"),
    "a picture under an odd name": (lambda: renamed("<b>$x$.png"), None),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", CORPUS)
def test_the_corpus(name: str) -> None:
    make, message = CORPUS[name]
    data = make()
    tracemalloc.start()
    found = read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    if message is None:
        assert found == [1]
    else:
        assert len(found) == 1
        assert message in str(found[0])
    assert peak < (50e6 if message else 300e6)
