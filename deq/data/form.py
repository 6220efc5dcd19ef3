"""How a user's own data is read, and what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from deq.data.download import DatasetError
from deq.data.tasks import Examples

READERS = ("digits", "plain")  # of pictures, see deq.images.READERS
MAX_CLASSES = 1024

Track = Callable[[list[Any]], Iterable[Any]]  # shows progress through a list of files


@dataclass(frozen=True)
class Form:
    """How data is read; empty fields are chosen from the data. A model's later inputs are read with the same form.

    classes: names, by label. reader: of pictures, one of READERS; empty for vectors. label: name of a table's column of
    labels, empty for the last. mean, scale: of the training vectors' columns; inputs are (x - mean) / scale.
    """

    classes: tuple[str, ...] = ()
    reader: str = ""
    label: str = ""
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()


class Found(NamedTuple):
    """What a file or folder holds: pictures (n, 28, 28, 1) or vectors (n, d); to be split if it has no test set."""

    train: Examples
    test: Examples | None
    form: Form
    notes: tuple[str, ...] = ()


def require_classes(source: Path, names: list[str]) -> None:
    """Raise DatasetError unless there are 2 to MAX_CLASSES classes."""
    if len(names) == 1:
        raise DatasetError(f"{source} holds one class only, {shown(names[0])}: there must be at least two.")
    if len(names) > MAX_CLASSES:
        raise DatasetError(f"{source} holds {len(names):,} classes; at most {MAX_CLASSES:,} are allowed.")


def known_labels(source: Path, names: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """The labels (n,) int32 of class names (n,). Raises DatasetError for a name that is not in classes."""
    labels = {name: label for label, name in enumerate(classes)}
    unknown = [str(name) for name in np.unique(names) if name not in labels]
    if unknown:
        some = ", ".join(shown(name) for name in classes[:10]) + (", ..." if len(classes) > 10 else "")
        raise DatasetError(f"{source}: {shown(unknown[0])} is not a class of the training set ({some}).")
    return np.array([labels[name] for name in names], np.int32)


def shown(text: str) -> str:
    """Text from a file, safe to show in one line: short, without terminal escape codes."""
    plain = "".join(c if c.isprintable() else "?" for c in text)
    return repr(plain if len(plain) <= 60 else plain[:57] + "...")
