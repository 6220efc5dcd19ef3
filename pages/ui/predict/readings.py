"""Many pictures at once: those in all files and packs, read one by one."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from PIL import Image

from deq.images import MAX_FILES, PictureError, find_digits, pictures_in, read_picture
from pages.ui.predict.ways import File

THUMB = 64  # pixels
Settings = tuple[str | None, float | None]  # polarity and threshold


@dataclass(frozen=True)
class Reading:
    """One picture read. images: its digits (n, 28, 28) uint8; thumbnail: a data URL; error: why there are none.

    file, member: which of the files it is, and which of the pictures in it.
    """

    name: str
    file: int
    member: int
    images: np.ndarray
    thumbnail: str = ""
    error: str = ""


def read_files(files: Sequence[File], how: Settings) -> list[Reading]:
    """All pictures in all files, in order, as far as MAX_FILES."""
    readings: list[Reading] = []
    bar = st.progress(0.0, "Reading the pictures")
    for i, file in enumerate(files):
        readings += [
            _read(f"{file.key}/{member}", name or file.name, data, i, member, how)
            for member, (name, data) in enumerate(pictures_in(file.data))
        ]
        bar.progress((i + 1) / len(files), f"Reading the pictures: {len(readings)}")
    bar.empty()
    if len(readings) > MAX_FILES:
        st.warning(f"These are {len(readings)} pictures; the first {MAX_FILES} are read.")
    return readings[:MAX_FILES]


@st.cache_data(scope="session", max_entries=2 * MAX_FILES, show_spinner=False)
def _read(key: str, name: str, _data: bytes | PictureError, file: int, member: int, how: Settings) -> Reading:
    """One picture, read once a session: `key` stands for its bytes."""
    nothing, thumbnail = np.empty((0, 28, 28), np.uint8), ""
    try:
        if isinstance(_data, PictureError):
            raise _data
        picture = read_picture(_data)
        thumbnail = thumbnail_of(picture)
        digits = find_digits(picture, *how)
    except PictureError as error:
        return Reading(name, file, member, nothing, thumbnail, str(error))
    return Reading(name, file, member, np.stack([digit.image for digit in digits]), thumbnail)


def thumbnail_of(picture: np.ndarray) -> str:
    """A small JPEG of a picture (rows, columns, 3) as a data URL."""
    image, file = Image.fromarray(picture), io.BytesIO()
    image.thumbnail((THUMB, THUMB))
    image.save(file, "JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
