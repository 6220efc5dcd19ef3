"""A folder of pictures: FOLDER/train/CLASS/* and FOLDER/test/CLASS/*, or FOLDER/CLASS/*."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from deq.data.download import DatasetError
from deq.data.form import Form, Found, Track, known_labels, require_classes, shown
from deq.data.tasks import Examples

NAMED = 3  # broken pictures that are named
IGNORED = ("Thumbs.db", "desktop.ini")  # of file managers, beside hidden files

Read = Callable[[bytes], np.ndarray]  # a picture file's bytes -> (n, 28, 28) uint8


def read_pictures(folder: Path, form: Form, track: Track) -> Found:
    """Pictures uint8 (n, 28, 28, 1) in the order of their names; broken ones are left out and named in the notes.

    Raises:
        MissingExtra: the packages that read pictures are not installed.
        DatasetError: no pictures, an empty class, a single class, or one that the form does not know.
    """
    parts = parts_of(folder)
    files = [files_of(part, folder) for part in parts]
    classes = form.classes or tuple(files[0])
    if not form.classes:
        require_classes(folder, list(classes))
    digits = all(len(name) == 1 and name in "0123456789" for name in classes)
    form = replace(form, classes=classes, reader=form.reader or ("digits" if digits else "plain"))
    broken: dict[str, str] = {}
    examples = [read_part(folder, part, form, track, broken) for part in files]
    for part in examples:
        require_some(folder, part, broken)
    require_each(folder, examples[0], list(files[0]), classes, broken)
    count = sum(len(paths) for part in files for paths in part.values())
    notes = (skipped(broken, count),) if broken else ()
    return Found(examples[0], examples[1] if len(parts) > 1 else None, form, notes)


def parts_of(folder: Path) -> list[Path]:
    """The folders of classes: train and test, or the folder itself."""
    parts = [folder / "train", folder / "test"]
    there = [part.is_dir() for part in parts]
    if any(there) and not all(there):
        raise DatasetError(f"{parts[there.index(False)]} is missing: give a folder train and a folder test.")
    return parts if all(there) else [folder]


def files_of(part: Path, root: Path) -> dict[str, list[Path]]:
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
    return found


def hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name in IGNORED


def is_picture(path: Path) -> bool:
    """Whether a class folder's entry is to be read: no folder, and no hidden file."""
    return not hidden(path) and not path.is_dir()


def inside(path: Path, root: Path) -> bool:
    """Whether a path, with its links followed, lies in a folder."""
    return path.resolve().is_relative_to(root.resolve())


def read_part(
    root: Path, files: dict[str, list[Path]], form: Form, track: Track, broken: dict[str, str]
) -> Examples:
    """Pictures (n, 28, 28, 1) and labels of one part; adds to `broken` why a picture cannot be read."""
    read = picture_reader(form.reader)
    labels = dict(zip(files, known_labels(root, np.array(list(files)), form.classes), strict=True))
    images, kept = [], []
    for path in track([path for paths in files.values() for path in paths]):
        try:
            images.append(only_digit(read(bytes_of(path, root))))
            kept.append(labels[path.parent.name])
        except ValueError as error:  # a PictureError, or one of ours
            broken[str(path.relative_to(root))] = str(error)
    pictures = np.stack(images) if images else np.zeros((0, 28, 28), np.uint8)
    return Examples(pictures[..., None], np.array(kept, np.int32))


def picture_reader(name: str) -> Read:
    """The reader of this name, from a file's bytes. Raises MissingExtra."""
    from deq.images import READERS, read_picture

    return lambda data: READERS[name](read_picture(data))


def bytes_of(path: Path, root: Path) -> bytes:
    """The bytes of a picture file, as many as are ever read. Raises ValueError."""
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


def only_digit(found: np.ndarray) -> np.ndarray:
    """The one picture in (n, 28, 28): with several digits, the class of none is known. Raises ValueError."""
    if len(found) > 1:
        raise ValueError(f"It shows {len(found)} digits. Cut it up, or use --reader plain.")
    return found[0]


def require_some(folder: Path, part: Examples, broken: dict[str, str]) -> None:
    """Raise DatasetError if no picture of a part can be read."""
    if not len(part.y):
        raise DatasetError(f"{folder}: no picture can be read. {skipped(broken, len(broken))}")


def require_each(
    folder: Path, train: Examples, names: list[str], classes: tuple[str, ...], broken: dict[str, str]
) -> None:
    """Raise DatasetError if a class of the folder has no picture that can be read."""
    there = {classes[label] for label in np.unique(train.y)}
    empty = [name for name in names if name not in there]
    if empty:
        why = f" {skipped(broken, len(broken))}" if broken else ""
        raise DatasetError(f"{folder}: class {shown(empty[0])} is empty: add pictures or remove it.{why}")


def skipped(broken: dict[str, str], files: int) -> str:
    """How many pictures are broken, with the first of them and why."""
    some = ", ".join(f"{shown(name)[1:-1]} ({why.rstrip('.')})" for name, why in list(broken.items())[:NAMED])
    more = f" and {len(broken) - NAMED:,} more" if len(broken) > NAMED else ""
    return f"Skipped {len(broken):,} of {files:,} pictures: {some}{more}."
