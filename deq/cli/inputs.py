"""What `deq predict` reads: pictures from files, folders, zips and standard input, and vectors from tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import typer

from deq.data import DatasetError, Form
from deq.data.folders import hidden, inside
from deq.data.own import scaled
from deq.data.tables import read_rows

STDIN = Path("-")

Found = np.ndarray | str  # inputs (n, ...) of one entry, n > 0, or an error message
Source = Callable[[Path], Iterator[tuple[str, Found]]]  # the entries of one file, by name


def source_for(form: Form) -> Source:
    """The reader of files for a model whose inputs have this form. Raises MissingExtra."""
    if form.mean:
        return lambda path: vectors(path, form)
    from deq.images import READERS

    read = READERS[form.reader]
    return lambda path: pictures(path, read)


def files_in(paths: list[Path]) -> list[Path]:
    """The paths, each folder replaced by the files in it, sorted; links to other folders are not followed."""
    return [file for path in paths for file in (_walk(path) if path.is_dir() else [path])]


def _walk(folder: Path) -> list[Path]:
    found = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    shown = [path for path in found if not any(map(hidden, _below(path, folder))) and inside(path, folder)]
    return sorted(shown) or [folder]


def _below(path: Path, folder: Path) -> list[Path]:
    """The steps from a folder to a path in it."""
    return [Path(part) for part in path.relative_to(folder).parts]


def vectors(path: Path, form: Form) -> Iterator[tuple[str, Found]]:
    """Row by row, the vectors of a table as the model takes them, or an error."""
    try:
        if path.suffix.lower() != ".csv":
            raise DatasetError("The model was trained on vectors: give a .csv with the same columns.")
        rows = scaled(path, read_rows(path, form), form)
    except DatasetError as error:
        yield str(path), str(error)
        return
    for i in range(len(rows)):
        yield f"{path}/{i + 1}", rows[i : i + 1]


def pictures(path: Path, read: Callable[[np.ndarray], np.ndarray]) -> Iterator[tuple[str, Found]]:
    """What the picture in a file shows, (n, 28, 28, 1) uint8, or an error; the same for each picture in a zip."""
    from deq.images import pictures_in

    try:
        data = _bytes_of(path)
    except OSError as error:
        yield str(path), f"Cannot read {path}: {error.strerror or error}."
        return
    for name, picture in pictures_in(data):
        shown = "".join(c if c.isprintable() else "?" for c in name)  # no escape codes for the terminal
        yield f"{path}/{shown}" if name else str(path), _read(picture, read)


def _bytes_of(path: Path) -> bytes:
    """The bytes of a file or of standard input, enough of them to detect what is too large. Raises OSError."""
    from deq.images import MAX_BYTES

    if path == STDIN:
        return typer.get_binary_stream("stdin").read(MAX_BYTES + 1)
    if path.is_dir():
        raise IsADirectoryError(0, "the folder holds no pictures")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _read(data: bytes | Exception, read: Callable[[np.ndarray], np.ndarray]) -> Found:
    """What a picture shows, or an error message."""
    from deq.images import PictureError, read_picture

    try:
        if isinstance(data, Exception):
            raise data
        return read(read_picture(data))[..., None]
    except PictureError as error:
        return str(error)
