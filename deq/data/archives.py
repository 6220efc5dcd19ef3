"""A .npz with x_train, y_train, x_test and y_test: pictures (n, 28, 28[, 1]) or vectors (n, d), and labels (n,)."""

from __future__ import annotations

import math
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np

from deq.data.download import DatasetError
from deq.data.form import MAX_CLASSES, Form, Found, Track, require_classes
from deq.data.tasks import Examples

KEYS = ("x_train", "y_train", "x_test", "y_test")
MAX_UNPACKED = 2_000_000_000  # bytes, all arrays together
DAMAGED = (OSError, EOFError, KeyError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)


def read_arrays(path: Path, form: Form, track: Track) -> Found:
    """Pictures uint8 or float32 in [0, 1] (n, 28, 28, 1), or vectors float64 (n, d); labels int32 (n,).

    Sizes are checked by the headers before anything is unpacked, and pickled objects are refused.

    Raises:
        DatasetError: the file is damaged or too large, an array is missing, or they do not fit each other.
    """
    arrays = unpacked(path)
    train, test = (examples(path, part, arrays) for part in ("train", "test"))
    if train.x.shape[1:] != test.x.shape[1:]:
        raise DatasetError(f"{path}: the rows of x_train and x_test differ in shape.")
    classes = form.classes or tuple(map(str, range(int(train.y.max()) + 1)))
    if not form.classes:
        require_classes(path, list(classes))
        require_no_gap(path, train.y)
    for key, y in (("y_train", train.y), ("y_test", test.y)):
        if y.max() >= len(classes):
            raise DatasetError(f"{path}: {key} has the label {y.max()}, outside 0 to {len(classes) - 1}.")
    reader = "" if train.x.ndim == 2 else form.reader or "plain"
    return Found(train, test, replace(form, classes=classes, reader=reader))


def unpacked(path: Path) -> dict[str, np.ndarray]:
    """The four arrays. Raises DatasetError if one is missing, holds objects or is too large."""
    try:
        with zipfile.ZipFile(path) as archive:
            missing = [key for key in KEYS if f"{key}.npy" not in archive.namelist()]
            if missing:
                raise DatasetError(f"{path} lacks {', '.join(missing)}; it must hold {', '.join(KEYS)}.")
            check_size(path, archive)
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in KEYS}
    except DatasetError:
        raise
    except DAMAGED as error:  # a damaged archive raises almost anything
        raise DatasetError(
            f"{path} is damaged or not a .npz file: {str(error).partition(chr(10))[0]}"
        ) from error


def check_size(path: Path, archive: zipfile.ZipFile) -> None:
    """Raise DatasetError, by the headers alone, for objects and for more than MAX_UNPACKED bytes."""
    total = 0
    for key in KEYS:
        with archive.open(f"{key}.npy") as file:
            shape, dtype = header(file)
        if dtype.hasobject:
            raise DatasetError(
                f"{path}: {key} holds pickled objects, which can run code: save it as numbers."
            )
        total += max(archive.getinfo(f"{key}.npy").file_size, math.prod(shape) * dtype.itemsize)
    if total > MAX_UNPACKED:
        raise DatasetError(f"{path} unpacks to more than {MAX_UNPACKED // 10**9} GB: take fewer examples.")


def header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and dtype of a .npy file. Raises ValueError if it is not one."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


def examples(path: Path, part: str, arrays: dict[str, np.ndarray]) -> Examples:
    """Inputs and labels of a part. Raises DatasetError."""
    x, y = inputs(path, f"x_{part}", arrays[f"x_{part}"]), labels(path, f"y_{part}", arrays[f"y_{part}"])
    if len(x) != len(y):
        raise DatasetError(f"{path}: x_{part} has {len(x):,} rows, but y_{part} has {len(y):,}.")
    if not len(x):
        raise DatasetError(f"{path}: x_{part} is empty.")
    return Examples(x, y)


def inputs(path: Path, key: str, x: np.ndarray) -> np.ndarray:
    """Pictures as uint8, or as float32 in [0, 1], or vectors as float64. Raises DatasetError."""
    if x.dtype.kind not in "uifb":
        raise DatasetError(f"{path}: {key} must hold numbers, not {x.dtype}.")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        raise DatasetError(f"{path}: {key} has values that are not finite.")
    if x.ndim == 2:
        return x.astype(np.float64)
    if x.shape[1:] not in ((28, 28), (28, 28, 1)):
        raise DatasetError(
            f"{path}: {key} has the shape {list(x.shape)}; need (n, 28, 28), (n, 28, 28, 1) or (n, d)."
        )
    x = x.reshape(-1, 28, 28, 1)
    return x if x.dtype == np.uint8 else in_unit_range(path, key, x)


def in_unit_range(path: Path, key: str, x: np.ndarray) -> np.ndarray:
    """Pictures of numbers in [0, 1] or 0..255 as float32 in [0, 1]. Raises DatasetError."""
    least, most = (float(x.min()), float(x.max())) if x.size else (0.0, 0.0)
    if least < 0 or most > 255:
        raise DatasetError(
            f"{path}: {key} runs from {least:g} to {most:g}; scale pictures to 0 to 1 or 0 to 255."
        )
    return (x / (255 if most > 1 else 1)).astype(np.float32)


def labels(path: Path, key: str, y: np.ndarray) -> np.ndarray:
    """Labels as int32 (n,). Raises DatasetError unless they are whole numbers in 0 .. MAX_CLASSES - 1."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1 or y.dtype.kind not in "uif":
        raise DatasetError(f"{path}: {key} must hold n numbers, not {y.dtype} of shape {list(y.shape)}.")
    if not (np.isfinite(y) & (y == np.floor(y))).all():
        raise DatasetError(f"{path}: {key} has labels that are not whole numbers.")
    if y.size and not (y.min() >= 0 and y.max() < MAX_CLASSES):
        found = f"{key} runs from {y.min():g} to {y.max():g}"
        raise DatasetError(
            f"{path}: {found}; at most {MAX_CLASSES:,} classes are allowed: number classes from 0."
        )
    return y.astype(np.int32)


def require_no_gap(path: Path, y: np.ndarray) -> None:
    """Raise DatasetError if a label below the largest does not occur."""
    empty = np.setdiff1d(np.arange(int(y.max()) + 1), y)
    if empty.size:
        raise DatasetError(
            f"{path}: no training example has the label {empty[0]}: number classes without gaps."
        )
