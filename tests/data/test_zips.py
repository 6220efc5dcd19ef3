"""A zip of pictures is the same data as the folder that was zipped; hostile ones are refused in one line."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deq.data import DatasetError, Form, bundles, load_own_data, load_zip
from tests.images.test_bundle import zipped
from tests.support.own_data import write_folder, zipped_folder


def png(shade: int = 0, side: int = 28) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((side, side), shade, np.uint8)).save(file, "PNG")
    return file.getvalue()


def pictures(*classes: str, count: int = 10) -> dict[str, bytes]:
    return {f"{name}/{i}.png": png(20 * i) for name in classes for i in range(count)}


@pytest.mark.parametrize("root", ["", "my digits"])
def test_a_zip_is_the_folder_that_was_zipped(tmp_path: Path, root: str) -> None:
    folder, form = write_folder(tmp_path, 40, 20), Form(reader="plain")
    from_zip, from_folder = load_zip(zipped_folder(folder, root), "a.zip", form), load_own_data(folder, form)
    assert from_zip == from_folder
    assert (from_zip.sha256, from_zip.form, from_zip.notes) == (from_folder.sha256, from_folder.form, ())


def test_classes_at_the_top_are_split_and_what_is_hidden_is_left_out() -> None:
    other = {"__MACOSX/a/._0.png": b"x", "a/.DS_Store": b"x", "readme.txt": b"x", "a/deeper/0.png": b"x"}
    own = load_zip(zipped(pictures("a", "b") | other), "a.zip")
    assert own.form == Form(("a", "b"), "plain")
    assert own.notes == ("Split 20 examples: 14 for training, 2 for validation, 4 for testing.",)
    assert own.skipped == ""


def test_windows_paths_and_empty_folders() -> None:
    data = zipped({name.replace("/", "\\"): picture for name, picture in pictures("a", "b").items()})
    assert load_zip(data, "a.zip").form.classes == ("a", "b")
    with pytest.raises(DatasetError, match="class 'c' is empty"):
        load_zip(zipped(pictures("a", "b") | {"c/": b""}), "a.zip")


def test_broken_pictures_are_named_and_counted() -> None:
    broken = {"a/zip.png": zipped({"x": b"y"}), "b/text.png": b"text", "b/none.png": b""}
    own = load_zip(zipped(pictures("a", "b") | broken), "a.zip")
    assert own.skipped.startswith("Skipped 3 of 23 pictures: a/zip.png (Zips inside a zip are not opened")
    assert len(own.dataset.train_labels) + len(own.dataset.test_labels) == 20


def locked() -> bytes:
    """A zip whose entries claim to be encrypted."""
    data = bytearray(zipped(pictures("a", "b")))
    for at in range(len(data) - 4):
        if data[at : at + 4] in (b"PK\x01\x02", b"PK\x03\x04"):
            data[at + (8 if data[at + 2] == 1 else 6)] |= 1
    return bytes(data)


def bomb() -> bytes:
    return zipped({f"{name}/{i}.png": bytes(20_000_000) for name in "ab" for i in range(3)})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no zip", "is not a zip"),
        (b"", "is not a zip"),
        (b"PK\x03\x04 damaged", "The zip is damaged"),
        (zipped({}), "no files"),
        (zipped({"0.png": png(), "1.png": png()}), "holds no pictures in folders"),
        (zipped(pictures("a")), "one class only, 'a'"),
        (zipped({f"root/{name}": data for name, data in pictures("a").items()}), "one class only, 'a'"),
        (zipped({f"train/{name}": data for name, data in pictures("a", "b").items()}), "test is missing"),
        (zipped(pictures("a", "b") | {"../up/0.png": png()}), "'../up/0.png' points outside the zip"),
        (zipped(pictures("a", "b") | {"/etc/0.png": png()}), "points outside the zip"),
        (zipped(pictures("a", "b") | {"..\\up\\0.png": png()}), "points outside the zip"),
        (zipped({"a/0.png": b"x", "b/0.png": b"y"}), "no picture can be read"),
        (zipped(pictures("a", "b", count=1)), "too few to split"),
        (zipped({f"a/{i}.png": b"" for i in range(bundles.MOST_PICTURES + 1)}), "Zip at most 2,000"),
        (locked(), "password"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_zips_that_are_refused(data: bytes, said: str) -> None:
    with pytest.raises(DatasetError) as refused:
        load_zip(data, "a.zip")
    assert said in str(refused.value)
    assert str(refused.value).startswith("a.zip")
    assert "\n" not in str(refused.value)


def test_a_bomb_is_refused_by_what_it_declares() -> None:
    with pytest.raises(DatasetError, match="unpacks to more than 100 MB"):
        load_zip(bomb(), "a.zip")


def test_pixels_are_limited_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small zip of large empty pictures."""
    monkeypatch.setattr(bundles, "MOST_PIXELS", 3_000_000)
    with pytest.raises(DatasetError, match=r"class 'b' is empty.*More than 3 million pixels"):
        load_zip(zipped({f"{name}/{i}.png": png(side=1000) for name in "ab" for i in range(4)}), "a.zip")


def test_a_zip_that_lies_about_its_sizes() -> None:
    data = bytearray(zipped({f"{name}/0.png": png() for name in "ab"}))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = (5).to_bytes(4, "little")
    with pytest.raises(DatasetError, match="damaged inside the zip"):
        load_zip(bytes(data), "a.zip")
    assert zipfile.is_zipfile(io.BytesIO(data))
