"""Zips of pictures: files in order, hidden files skipped, and each bad file refused without spoiling the others."""

import io
import zipfile

import numpy as np

from deq.images import PictureError, count_pictures, find_digits, is_zip, read_picture
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


def test_pictures_come_in_order_without_hidden_files() -> None:
    names = ["b.png", "folder/a.png"]
    data = zipped(
        {"b.png": PICTURE, "folder/": b"", "__MACOSX/b.png": b"x", "folder/a.png": PICTURE, ".DS_Store": b"x"}
    )
    assert is_zip(data)
    assert [name for name, _ in unpack(data)] == names
    assert [count_pictures(file) for file in (data, PICTURE, data[:30])] == [2, 1, 1]
    for _, content in unpack(data):
        assert alike(find_digits(read_picture(content))[0], REFERENCE) > 0.99


def test_one_bad_file_does_not_spoil_the_others() -> None:
    data = zipped(
        {"../up.png": PICTURE, "/root.png": PICTURE, "in.zip": zipped({"a": b"b"}), "good.png": PICTURE}
    )
    found = dict(unpack(data))
    assert "outside the zip" in str(found["../up.png"])
    assert "outside the zip" in str(found["/root.png"])
    assert "inside a zip" in str(found["in.zip"])
    assert found["good.png"] == PICTURE


def test_a_file_damaged_inside_the_zip() -> None:
    data = bytearray(zipped({"noise.png": np.random.default_rng(0).bytes(5000)}))
    data[2000] ^= 255
    ((_, error),) = unpack(bytes(data))
    assert isinstance(error, PictureError)
    assert "damaged" in str(error)
