"""Zips of pictures: the good ones read, every hostile one refused in one line without unpacking much."""

import io
import tracemalloc
import zipfile

import numpy as np
import pytest

from deq.images import MAX_BYTES, MAX_FILES, PictureError, find_digits, is_zip, read_picture
from deq.images.bundle import unpack
from tests.images.test_images import REFERENCE, alike, drawing, on_paper
from tests.images.test_reading import file_of

PICTURE = file_of(on_paper(drawing()))


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def test_pictures_come_in_order_and_clutter_stays_out() -> None:
    names = ["b.png", "folder/a.png"]
    data = zipped(
        {"b.png": PICTURE, "folder/": b"", "__MACOSX/b.png": b"x", "folder/a.png": PICTURE, ".DS_Store": b"x"}
    )
    assert is_zip(data)
    assert [name for name, _ in unpack(data)] == names
    for _, content in unpack(data):
        assert alike(find_digits(read_picture(content))[0].image, REFERENCE) > 0.99


def test_one_bad_file_spoils_no_other() -> None:
    data = zipped(
        {"../up.png": PICTURE, "/root.png": PICTURE, "in.zip": zipped({"a": b"b"}), "good.png": PICTURE}
    )
    told = dict(unpack(data))
    assert "leads out" in str(told["../up.png"])
    assert "leads out" in str(told["/root.png"])
    assert "zip inside a zip" in str(told["in.zip"])
    assert told["good.png"] == PICTURE


def test_a_file_that_is_damaged_inside() -> None:
    data = bytearray(zipped({"noise.png": np.random.default_rng(0).bytes(5000)}))
    data[2000] ^= 255
    ((_, told),) = unpack(bytes(data))
    assert isinstance(told, PictureError)
    assert "damaged" in str(told)


WHOLE = {
    "bomb": (zipped({f"{i}.png": bytes(30_000_000) for i in range(4)}), "more than 100 MB"),
    "many": (zipped({f"{i}.png": b"x" for i in range(MAX_FILES + 1)}), "at most 200"),
    "empty": (zipped({}), "no files"),
    "large": (b"PK\x03\x04" + bytes(MAX_BYTES), "more than 20 MB"),
    "cut short": (zipped({"a.png": PICTURE})[:-30], "damaged"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_hostile_zips_get_one_line_and_cost_no_memory(name: str) -> None:
    data, message = WHOLE[name]
    tracemalloc.start()
    with pytest.raises(PictureError, match=message) as caught:
        list(unpack(data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert peak < 5e6
