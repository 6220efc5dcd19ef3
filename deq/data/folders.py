"""A folder of pictures: FOLDER/train/CLASS/* and FOLDER/test/CLASS/*, or FOLDER/CLASS/*."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from deq.data.download import DatasetError
from deq.data.form import Form, Found, Track
from deq.data.pictures import Part, Picture, is_hidden, read_parts


def read_folder(folder: Path, form: Form, track: Track) -> Found:
    """The pictures in a folder, in the order of their names. Raises as `read_parts` does."""
    return read_parts(folder, [files_of(part, folder) for part in parts_of(folder)], form, track)


def parts_of(folder: Path) -> list[Path]:
    """The folders of classes: train and test, or the folder itself."""
    parts = [folder / "train", folder / "test"]
    there = [part.is_dir() for part in parts]
    if any(there) and not all(there):
        raise DatasetError(f"{parts[there.index(False)]} is missing: give both a train and a test folder.")
    return parts if all(there) else [folder]


def files_of(part: Path, root: Path) -> Part:
    """The files of each class, by the name of its folder, sorted. Raises DatasetError."""
    try:
        folders = sorted(path for path in part.iterdir() if path.is_dir() and not hidden(path))
        found = {path.name: sorted(file for file in path.iterdir() if is_picture(file)) for path in folders}
    except OSError as error:
        raise DatasetError(f"Cannot read {error.filename}: {error.strerror or error}.") from error
    for path in folders:
        if not inside(path, root):
            raise DatasetError(f"{path} is a link that leads out of {root}: copy the pictures into it.")
    if not any(found.values()):
        raise DatasetError(f"{part} holds no pictures: put them at {part / 'CLASS' / 'NAME.png'}.")
    return {name: [picture_at(path, root) for path in paths] for name, paths in found.items()}


def picture_at(path: Path, root: Path) -> Picture:
    return Picture(str(path.relative_to(root)), partial(bytes_of, path, root))


def hidden(path: Path) -> bool:
    return is_hidden(path.name)


def is_picture(path: Path) -> bool:
    """Whether an entry of a class folder is read: not a folder, not a hidden file."""
    return not hidden(path) and not path.is_dir()


def inside(path: Path, root: Path) -> bool:
    """Whether a path, with its links followed, lies in a folder."""
    return path.resolve().is_relative_to(root.resolve())


def bytes_of(path: Path, root: Path) -> bytes:
    """The bytes of a picture file, up to the size limit. Raises ValueError."""
    from deq.images import MAX_BYTES

    if not inside(path, root):
        raise ValueError("A link that leads out of the folder is not followed.")
    if not path.is_file():
        raise ValueError("It is not a file.")
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # one byte more makes read_picture refuse it
    except OSError as error:
        raise ValueError(f"It cannot be read: {error.strerror or error}.") from error
