"""Whatever bytes come in, a picture is read or refused in one line, in bounded memory, and no file is touched."""

import io
import struct
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from deq.images import PictureError, find_digits, is_zip, read_picture
from deq.images.bundle import MAX_UNPACKED, unpack
from tests.images.test_bundle import zipped
from tests.images.test_images import drawing, on_paper
from tests.images.test_reading import file_of, png
from tests.support.audit import touching_nothing

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=40, deadline=None, derandomize=True)
SMALL = on_paper(drawing((64, 64), height=40, width=4))
MOST = 300e6  # bytes that Python may hold at once while it reads one upload


def whole_files() -> dict[str, bytes]:
    """The same digit in every format that is read, to cut and to bend."""
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
Image.init()  # every decoder is loaded before anybody watches
"".encode("cp437")  # and the alphabet of names in zips
HEADS = [
    b"",
    b"PK\x03\x04",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    b"\0\0\0\x20ftypavif",
    b"8BPS",
    b"%PDF-1.4",
]


def bend(data: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes changed, then cut short, with a stretch taken out, or with one repeated."""
    changed = bytearray(data)
    for at in rng.integers(0, len(data), rng.integers(0, 8)):
        changed[at] = rng.integers(0, 256)
    first, last = sorted(rng.integers(0, len(data), 2))
    whole = bytes(changed)
    return (whole, whole[:last], whole[:first] + whole[last:], whole + whole[first:last])[rng.integers(0, 4)]


def read(data: bytes) -> int:
    """What the page does with an upload: the digits found in it, or in all pictures of a zip; 0 where refused."""
    with touching_nothing():
        return _read(data)


def _read(data: bytes) -> int:
    try:
        parts = [part for _, part in unpack(data)] if is_zip(data) else [data]
    except PictureError as error:
        return _refused(error)
    return sum(_digits(part) for part in parts)


def _digits(data: bytes | PictureError) -> int:
    if isinstance(data, PictureError):
        return _refused(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = find_digits(read_picture(data))
    except PictureError as error:
        return _refused(error)
    assert all(digit.image.shape == (28, 28) and digit.image.dtype == np.uint8 for digit in found)
    return len(found)


def _refused(error: PictureError) -> int:
    assert len(str(error).splitlines()) == 1
    return 0


def test_the_files_are_sound_to_begin_with() -> None:
    assert {kind: _read(data) for kind, data in WHOLE.items()} == dict.fromkeys(WHOLE, 1)


@few
@given(st.sampled_from(sorted(WHOLE)), seeds)
def test_files_cut_short_or_bent(kind: str, seed: int) -> None:
    read(bend(WHOLE[kind], np.random.default_rng(seed)))


@few
@given(st.binary(max_size=400), st.sampled_from([data[:32] for data in WHOLE.values()] + HEADS))
def test_noise_behind_every_beginning(noise: bytes, head: bytes) -> None:
    read(head + noise)


@few
@given(seeds)
def test_bent_zips(seed: int) -> None:
    read(bend(zipped({"a.png": WHOLE["PNG"], "b/c.jpg": WHOLE["JPEG"]}), np.random.default_rng(seed)))


@settings(few, max_examples=10)
@given(st.integers(8, 90), st.integers(8, 90), st.sampled_from(["1", "L", "RGB", "I;16"]), seeds)
def test_pictures_of_anything(rows: int, columns: int, mode: str, seed: int) -> None:
    """Noise on any share of the paper: digits or a refusal."""
    rng = np.random.default_rng(seed)
    grey = rng.integers(0, 256, (rows, columns)) * (rng.random((rows, columns)) < rng.random())
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    file = io.BytesIO()
    (deep if mode == "I;16" else Image.fromarray(grey.astype(np.uint8)).convert(mode)).save(file, "PNG")
    read(file.getvalue())


def renamed(member: str) -> bytes:
    """A zip that holds a picture under any name, written as it is."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("x" * len(member))
        archive.writestr(info, WHOLE["PNG"])
    return file.getvalue().replace(b"x" * len(member), member.encode())


def lying_zip() -> bytes:
    """The table of contents says 10 bytes, the member is 30 MB of zeros."""
    data = bytearray(zipped({"a.png": bytes(30_000_000)}))
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 10)
    return bytes(data)


def many_frames() -> bytes:
    image = Image.fromarray(SMALL)
    return file_of(SMALL, "GIF", save_all=True, append_images=[image.rotate(i) for i in range(1, 40)])


def gif_screen(side: int) -> bytes:
    """A GIF that says it is side x side and holds next to nothing."""
    data = bytearray(WHOLE["GIF"])
    data[6:10] = struct.pack("<HH", side, side)
    return bytes(data)


# What comes in, and whether a digit is found in it.
CORPUS: dict[str, tuple[Callable[[], bytes], bool]] = {
    "zero bytes": (lambda: b"", False),
    "one byte": (lambda: b"\x89", False),
    "text named .png": (lambda: b"<svg onload='alert(1)'/>", False),
    "a bomb of 20,000 x 20,000": (lambda: png(20_000, 20_000), False),
    "a GIF of 60,000 x 60,000": (lambda: gif_screen(60_000), False),
    "a PPM of 100,000 x 100,000": (lambda: b"P6 100000 100000 255\n" + bytes(100), False),
    "a BMP with a negative width": (
        lambda: WHOLE["BMP"][:18] + struct.pack("<i", -64) + WHOLE["BMP"][22:],
        False,
    ),
    "1 x 1": (lambda: file_of(np.zeros((1, 1, 3), np.uint8)), False),
    "1 x 5000": (lambda: file_of(np.zeros((1, 5000, 3), np.uint8)), False),
    "16 bits": (lambda: file_of(SMALL[..., 0].astype(np.uint16) * 257), True),
    "animated": (many_frames, True),
    "huge": (lambda: WHOLE["PNG"] + bytes(25_000_000), False),
    "a zip bomb": (lambda: zipped({f"{i}.png": bytes(MAX_UNPACKED // 3) for i in range(4)}), False),
    "a zip in a zip": (lambda: zipped({"a.zip": zipped({"a.png": WHOLE["PNG"]})}), False),
    "a zip that lies": (lying_zip, False),
    "../../up.png": (lambda: renamed("../../up.png"), False),
    "/etc/up.png": (lambda: renamed("/etc/up.png"), False),
    "..\\up.png": (lambda: renamed("..\\up.png"), False),
    "a name of nothing": (lambda: renamed("/"), False),
    "a picture under a strange name": (lambda: renamed("<b>$x$.png"), True),
}


@pytest.mark.parametrize("name", CORPUS)
def test_the_corpus(name: str) -> None:
    make, found = CORPUS[name]
    data = make()
    tracemalloc.start()
    digits = read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (digits == 1) == found
    assert peak < MOST
