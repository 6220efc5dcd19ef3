"""Points in the plane from text: x, y and a label per line, at any scale."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

from deq.data.download import DatasetError
from deq.data.form import shown
from deq.data.own import mixed, require_bounded
from deq.data.points import HALF, LETTERS, MOST, Points, make_points
from deq.data.tables import class_names, in_order, numbers, parse_table

MAX_TEXT = 1_000_000  # characters
SPAN = 4.4  # of points brought into the plane, whose side is 5
LEAST_SPAN = (
    1.0  # points closer together than this are spread out: they could all fall on one step of the plane
)


class ReadPoints(NamedTuple):
    """Points, and notes on how they were moved into the plane."""

    points: Points
    notes: tuple[str, ...]


def read_points(name: str, text: str) -> ReadPoints:
    """Points of lines `x, y, label`, split by comma, semicolon or tab; labels are words or whole numbers.

    name: of the text, for messages. Raises DatasetError in one line.
    """
    source = Path(name)
    if len(text) > MAX_TEXT:
        raise DatasetError(f"{name} is longer than {MAX_TEXT:,} characters: take fewer points.")
    text = text.lstrip()
    width = max(map(text.partition("\n")[0].count, ",;\t")) + 1
    if width != 3:
        raise DatasetError(f"{name} needs three columns: x, y and a label. The first line has {width:,}.")
    rows = parse_table(source, io.StringIO(text, newline="")).rows
    x = numbers(source, [(line, row[:2]) for line, row in rows])
    require_bounded(source, x)
    names = class_names(source, [(line, row[2]) for line, row in rows], advice="use words or whole numbers")
    y, renamed = _letters(name, names)
    kept = np.sort(mixed(y)[:MOST])
    thinned = f"Only {MOST} of {len(y):,} points are kept, each class in proportion." if len(y) > MOST else ""
    x, moved = into_plane(x[kept])
    return ReadPoints(make_points(x, y[kept]), tuple(filter(None, (thinned, moved, renamed))))


def read_points_file(name: str, data: bytes) -> ReadPoints:
    """The same from the bytes of a file. Raises DatasetError."""
    try:
        return read_points(name, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DatasetError(f"{name} is not a text file: save it as CSV in UTF-8.") from error


def into_plane(x: np.ndarray) -> tuple[np.ndarray, str]:
    """Places (n, 2) of any scale, centred in the plane with one scale for both axes, and a note.

    Places that are already in the plane, and not all close together, are unchanged.
    """
    low, high = x.min(axis=0), x.max(axis=0)
    span = float((high - low).max())
    if np.abs(x).max() <= HALF and span >= LEAST_SPAN:
        return x, ""
    centre, scale = (low + high) / 2, SPAN / span if span > 0 else 1.0
    first, second = (
        f"{scale:.3g} ({name} {'+' if place < 0 else '-'} {abs(place):.3g})"
        for name, place in zip("xy", centre, strict=True)
    )
    return (x - centre) * scale, f"Moved and scaled into the plane: x₁ = {first}, x₂ = {second}."


def points_text(points: Points) -> str:
    """The points as `read_points` reads them, one per line."""
    places = zip(points.x.tolist(), points.y.tolist(), strict=True)
    return "".join(f"{a:.2f}, {b:.2f}, {LETTERS[label]}\n" for (a, b), label in places)


def _letters(name: str, names: np.ndarray) -> tuple[np.ndarray, str]:
    """Classes (n,), 0 for A, and a note on which name became which letter, unless the names are letters already."""
    found = in_order(names)
    if len(found) > len(LETTERS):
        raise DatasetError(f"{name} has {len(found):,} classes; the plane takes at most {len(LETTERS)}.")
    known = set(found) <= set(LETTERS)
    places = {old: LETTERS.index(old) if known else i for i, old in enumerate(found)}
    meaning = ", ".join(f"{LETTERS[i]} is {shown(old)[1:-1]}" for old, i in places.items())
    return np.array([places[old] for old in names]), "" if known else f"Classes: {meaning}."
