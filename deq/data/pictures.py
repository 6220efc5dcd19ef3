"""Pictures in classes from any source: their reader, broken pictures, and checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from deq.data.download import DatasetError
from deq.data.form import Form, Found, Track, known_labels, require_classes, shown
from deq.data.tasks import Examples

NAMED = 3  # broken pictures that are named
IGNORED = ("Thumbs.db", "desktop.ini")  # of file managers, left out like hidden files


class Picture(NamedTuple):
    """A picture, unread. name: its path below the root, for messages. read: gives its bytes, or raises ValueError."""

    name: str
    read: Callable[[], bytes]


Part = dict[str, list[Picture]]  # class -> its pictures


def read_parts(source: Path, parts: list[Part], form: Form, track: Track) -> Found:
    """Pictures uint8 (n, 28, 28, 1) of one part, or of train and test; broken ones are left out and named in the notes.

    source: name of the whole, for messages.

    Raises:
        MissingExtra: the packages that read pictures are not installed.
        DatasetError: no pictures, an empty class, a single class, or one that the form does not know.
    """
    classes = form.classes or tuple(parts[0])
    if not form.classes:
        require_classes(source, list(classes))
    form = replace(form, classes=classes, reader=form.reader or fitting_reader(classes))
    broken: dict[str, str] = {}
    examples = [read_part(source, part, form, track, broken) for part in parts]
    count = sum(len(pictures) for part in parts for pictures in part.values())
    why = skipped(broken, count) if broken else ""
    for found in examples:
        require_some(source, found, why)
    require_each(source, examples[0], list(parts[0]), classes, why)
    notes = (why,) if broken else ()
    return Found(examples[0], examples[1] if len(parts) > 1 else None, form, notes)


def fitting_reader(classes: tuple[str, ...]) -> str:
    """Digits are cut out and centred if every class is a digit; other pictures are kept whole."""
    return "digits" if all(len(name) == 1 and name in "0123456789" for name in classes) else "plain"


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is left out."""
    return name.startswith(".") or name in IGNORED


def read_part(source: Path, part: Part, form: Form, track: Track, broken: dict[str, str]) -> Examples:
    """Pictures (n, 28, 28, 1) and labels of one part; adds to `broken` why a picture cannot be read."""
    from deq.images import READERS, read_picture

    labels = known_labels(source, np.array(list(part)), form.classes)
    images, kept = [], []
    pairs = zip(labels, part.values(), strict=True)
    for label, picture in track([(label, picture) for label, pictures in pairs for picture in pictures]):
        try:
            images.append(only_digit(READERS[form.reader](read_picture(picture.read()))))
            kept.append(label)
        except ValueError as error:  # a PictureError, or one of ours
            broken[picture.name] = str(error)
    pictures = np.stack(images) if images else np.zeros((0, 28, 28), np.uint8)
    return Examples(pictures[..., None], np.array(kept, np.int32))


def only_digit(found: np.ndarray) -> np.ndarray:
    """The only digit of (n, 28, 28). Raises ValueError for several, whose classes would be unknown."""
    if len(found) > 1:
        raise ValueError(
            f'it shows {len(found)} digits: crop it to one, or keep pictures whole (--reader plain, "whole" on Train)'
        )
    return found[0]


def require_some(source: Path, part: Examples, why: str) -> None:
    """Raise DatasetError if no picture of a part can be read. why: what was skipped, as below."""
    if not len(part.y):
        raise DatasetError(f"{source}: no picture can be read. {why}")


def require_each(source: Path, train: Examples, names: list[str], classes: tuple[str, ...], why: str) -> None:
    """Raise DatasetError if a class has no picture that can be read."""
    there = {classes[label] for label in np.unique(train.y)}
    empty = [name for name in names if name not in there]
    if empty:
        raise DatasetError(
            f"{source}: class {shown(empty[0])} is empty: add pictures or remove it. {why}".rstrip()
        )


def skipped(broken: dict[str, str], files: int) -> str:
    """How many pictures are broken, with the first of them and why."""
    some = ", ".join(f"{shown(name)[1:-1]} ({why.rstrip('.')})" for name, why in list(broken.items())[:NAMED])
    more = f" and {len(broken) - NAMED:,} more" if len(broken) > NAMED else ""
    return f"Skipped {len(broken):,} of {files:,} pictures: {some}{more}."
