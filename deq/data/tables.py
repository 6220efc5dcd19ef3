"""A .csv of numbers, with or without a header, and a column of labels: numbers or words."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np

from deq.data.download import DatasetError
from deq.data.form import Form, Found, Track, known_labels, require_classes, shown
from deq.data.tasks import Examples

MAX_BYTES = 200_000_000  # as text; ten times as much in memory
MAX_COLUMNS = 1024  # the widest input of deq.models.Architecture
MAX_FIELD = 200  # characters


class Table(NamedTuple):
    """A parsed table. names: of the columns, empty without a header. rows: line number and fields of each row."""

    names: list[str]
    rows: list[tuple[int, list[str]]]


def read_table(path: Path, form: Form, track: Track) -> Found:
    """Vectors float64 (n, d) and labels int32 (n,), in the order of the rows.

    Raises:
        DatasetError: rows of unequal length, anything but finite numbers, a single class, or too much data.
    """
    table = open_table(path)
    at = label_column(path, table, form.label)
    x = numbers(path, [(line, row[:at] + row[at + 1 :]) for line, row in table.rows])
    names = class_names(path, [(line, row[at]) for line, row in table.rows])
    classes = form.classes or tuple(in_order(names))
    if not form.classes:
        require_classes(path, list(classes))
    return Found(
        Examples(x, known_labels(path, names, classes)), None, replace(form, classes=classes, reader="")
    )


def read_rows(path: Path, form: Form) -> np.ndarray:
    """The vectors float64 (n, d) of a table to be labelled; its column of labels, if it has one, is left out."""
    table, width = open_table(path), len(form.mean)
    columns = len(table.rows[0][1])
    if columns == width:
        return numbers(path, table.rows)
    if columns != width + 1:
        raise DatasetError(f"{path} has {columns:,} columns, and the model takes {width:,}.")
    at = label_column(path, table, form.label)
    return numbers(path, [(line, row[:at] + row[at + 1 :]) for line, row in table.rows])


def open_table(path: Path) -> Table:
    """The fields of a table in a file, all rows equally long. Raises DatasetError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DatasetError(f"{path} is larger than {MAX_BYTES // 10**6} MB: save it as a .npz.")
        with path.open(newline="", encoding="utf-8-sig") as file:
            return parse_table(path, file)
    except OSError as error:
        raise DatasetError(f"Cannot read {path}: {error.strerror or error}.") from error


def parse_table(path: Path, file: TextIO) -> Table:
    """The fields of a table's text, all rows equally long. path: its name in messages. Raises DatasetError."""
    try:
        first = file.readline(MAX_COLUMNS * MAX_FIELD)
        delimiter = max(",;\t", key=first.count)
        require_width(path, first.count(delimiter) + 1)
        file.seek(0)
        rows = list(equal_rows(path, file, delimiter))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} is not a text file of numbers: {error}.") from error
    names = rows.pop(0)[1] if has_header([row for _, row in rows]) else []
    if not rows:
        raise DatasetError(f"{path} holds no rows of numbers.")
    return Table([name.strip() for name in names], rows)


def has_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: at least two of its fields are not numbers, or exactly one is not and
    either the rest of that column is numbers or the row's other fields are 0, 1, 2, ..., pandas' column names."""
    if not rows:
        return False
    words = [i for i, field in enumerate(rows[0]) if not is_number(field)]
    if len(words) != 1:
        return len(words) > 1
    counted = [str(i) for i in range(len(rows[0]) - 1)]
    others = [row[words[0]] for row in rows[1:]]
    return bool(others and all(map(is_number, others))) or [f for f in rows[0] if is_number(f)] == counted


def require_width(path: Path, columns: int) -> None:
    if not 2 <= columns <= MAX_COLUMNS + 1:
        found = "one column" if columns < 2 else f"more than {MAX_COLUMNS + 1:,} columns"
        raise DatasetError(f"{path} has {found}; need 1 to {MAX_COLUMNS:,} of numbers and one of labels.")


def equal_rows(path: Path, file: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of each row that is not blank. Raises DatasetError if one is longer than another."""
    reader, width = csv.reader(file, delimiter=delimiter), 0
    for row in reader:
        if not any(map(str.strip, row)):
            continue
        width = width or len(row)
        if len(row) != width:
            raise DatasetError(
                f"{path}, line {reader.line_num}: {len(row):,} columns, but {width:,} in the rows above."
            )
        yield reader.line_num, row


def label_column(path: Path, table: Table, name: str) -> int:
    """The position of the column of labels: the named one, or the last. Raises DatasetError."""
    if not name:
        return len(table.rows[0][1]) - 1
    if name not in table.names:
        columns = ", ".join(shown(column) for column in table.names[:10])
        there = f"its columns are {columns}" if columns else "it has no header"
        raise DatasetError(f"{path} has no column {shown(name)} for --label: {there}.")
    return table.names.index(name)


def numbers(path: Path, rows: list[tuple[int, list[str]]]) -> np.ndarray:
    """Fields as float64 (n, d). Raises DatasetError that names the first line with anything but finite numbers."""
    found = np.empty((len(rows), len(rows[0][1])))
    for i, (line, row) in enumerate(rows):
        try:
            found[i] = row
        except ValueError:
            found[i] = np.nan
        if not np.isfinite(found[i]).all():
            wrong = next(field for field in row if not (is_number(field) and np.isfinite(float(field))))
            raise DatasetError(f"{path}, line {line}: {shown(wrong)} is not a finite number.")
    return found


def class_names(
    path: Path, fields: list[tuple[int, str]], advice: str = "name the column of labels with --label"
) -> np.ndarray:
    """The class of each row; 3 and 3.0 are the same. Raises DatasetError for numbers that are not whole."""
    if not all(is_number(field) for _, field in fields):
        empty = [line for line, field in fields if not field.strip()]
        if empty:
            raise DatasetError(f"{path}, line {empty[0]}: the label is missing.")
        return np.array([field.strip() for _, field in fields])
    for line, field in fields:
        if not float(field).is_integer():
            raise DatasetError(
                f"{path}, line {line}: the label {shown(field.strip())} is not a whole number; {advice}."
            )
    return np.array([str(int(float(field))) for _, field in fields])


def in_order(names: np.ndarray) -> list[str]:
    """The classes, sorted: numbers by their size, words by their letters."""
    found = [str(name) for name in np.unique(names)]
    return sorted(found, key=int) if all(map(is_number, found)) else found


def is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
