"""A user's own data as a data set: a folder or zip of pictures, a .npz of arrays or a .csv of numbers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from deq.data.archives import read_arrays
from deq.data.bundles import zipped_parts
from deq.data.download import DatasetError
from deq.data.folders import read_folder
from deq.data.form import Form, Found, Track
from deq.data.pictures import read_parts
from deq.data.sets import Dataset
from deq.data.tables import MAX_COLUMNS, read_table
from deq.data.tasks import Examples, Task, classify

FILES: dict[str, Callable[[Path, Form, Track], Found]] = {".npz": read_arrays, ".csv": read_table}
LARGEST = 1e30  # of a vector's numbers, so that squares stay finite


@dataclass(frozen=True)
class OwnData:
    """A user's own data.

    dataset: pictures or vectors, for `classify`. form: how a model's later inputs are read. notes: lines for the
    user. sha256: of everything that was read; two with the same are equal. skipped: the note on broken pictures.
    """

    dataset: Dataset = field(compare=False, repr=False)
    form: Form
    notes: tuple[str, ...] = field(compare=False)
    sha256: str
    skipped: str = field(default="", compare=False)

    @property
    def task(self) -> Task:
        """Classification of the data."""
        return classify(self.dataset)

    @property
    def described(self) -> dict[str, Any]:
        """What a card or the settings of a run record of it."""
        form = {key: value for key, value in asdict(self.form).items() if value}
        classes = form.pop("classes")
        return {"classes": list(classes), "inputs": form | {"sha256": self.sha256}}


def load_own_data(path: str | Path, form: Form = Form(), track: Track = iter) -> OwnData:
    """The data in a folder with train/CLASS/* and test/CLASS/*, or CLASS/*, in a .npz or in a .csv.

    Data without a test set is split with each class in proportion, the same way every time: a fifth for testing, a
    tenth for validation. Vectors are standardised by the mean and scale of the training set.

    Args:
        form: known settings, such as those of the model that the data is for. track: shows progress through files.

    Raises:
        MissingExtra: the packages that read pictures are not installed.
        DatasetError: it cannot be read or used for training; the message is one line and says what to do.
    """
    path = Path(path).expanduser()
    if not os.path.exists(path):  # unlike Path.exists it takes any text
        raise DatasetError(f"{path} does not exist: name a folder of pictures, a .npz or a .csv.")
    if not path.is_dir() and not (path.is_file() and path.suffix.lower() in FILES):
        raise DatasetError(f"{path} is neither a folder of pictures nor a .npz or a .csv.")
    return own_data(path, (read_folder if path.is_dir() else FILES[path.suffix.lower()])(path, form, track))


def load_zip(data: bytes, name: str, form: Form = Form(), track: Track = iter) -> OwnData:
    """The pictures of a folder from the bytes of a zip: nothing is written to disk, and little is unpacked at a time.

    name: of the zip, for messages. Raises DatasetError and MissingExtra as `load_own_data` does.
    """
    return own_data(Path(name), read_parts(Path(name), zipped_parts(data, name), form, track))


def own_data(path: Path, found: Found) -> OwnData:
    """What was found at a path, split into parts, vectors standardised. Raises DatasetError."""
    sha256 = digest(found)
    dataset, notes = divide(path, found)
    if dataset.train_images.ndim == 2:
        dataset, found = standardised(path, dataset, found)
    return OwnData(dataset, found.form, found.notes + notes, sha256, " ".join(found.notes))


def digest(found: Found) -> str:
    """sha256 of the classes and all arrays."""
    total = hashlib.sha256(repr(found.form.classes).encode())
    for examples in (found.train, found.test or ()):
        for array in examples:
            total.update(f"{array.dtype}{array.shape}".encode())
            total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()


def divide(path: Path, found: Found) -> tuple[Dataset, tuple[str, ...]]:
    """The data set, ordered so that every part holds each class in proportion, and a note on the split."""
    order = mixed(found.train.y)
    n, classes, notes = len(order), found.form.classes, ()
    held = max(1, min(5_000, n // 10))
    test, train = found.test, found.train
    if test is None:
        cut = max(1, n // 5)
        test, order = Examples(train.x[order[:cut]], train.y[order[:cut]]), order[cut:]
        notes = (
            f"Split {n:,} examples: {n - cut - held:,} for training, {held:,} for validation, {cut:,} for testing.",
        )
    if len(order) <= held:
        raise DatasetError(
            f"{path} holds {n:,} examples, too few to split into training, validation and test sets: add more."
        )
    parts = train.x[order], train.y[order], test.x, test.y
    return Dataset(path.name, *parts, num_classes=len(classes), validation=held), notes


def mixed(labels: np.ndarray) -> np.ndarray:
    """A fixed random order (n,) of examples in which every stretch holds each class in proportion."""
    rng = np.random.default_rng(0)
    place = np.empty(len(labels))
    for label in np.unique(labels):
        where = np.flatnonzero(labels == label)
        place[where] = (rng.permutation(len(where)) + rng.uniform(0.25, 0.75)) / len(where)
    return np.argsort(place, kind="stable")


def standardised(path: Path, dataset: Dataset, found: Found) -> tuple[Dataset, Found]:
    """Vectors as the model takes them, and the form with their mean and scale. Raises DatasetError."""
    train, form = dataset.train_images, found.form
    if train.shape[1] > MAX_COLUMNS or not train.shape[1]:
        raise DatasetError(f"{path} holds vectors of {train.shape[1]:,} numbers; need 1 to {MAX_COLUMNS:,}.")
    if not form.mean:
        require_bounded(path, train)
        learnt = train[: -dataset.validation] if dataset.validation else train
        constant = np.ptp(learnt, axis=0) == 0  # its computed spread may be a rounding error
        scale = np.where(constant, 1.0, learnt.std(axis=0))
        form = replace(form, mean=tuple(learnt.mean(axis=0).tolist()), scale=tuple(scale.tolist()))
    x, test = (scaled(path, vectors, form) for vectors in (train, dataset.test_images))
    return replace(dataset, train_images=x, test_images=test), found._replace(form=form)


def require_bounded(source: Path, vectors: np.ndarray) -> None:
    """Raise DatasetError for numbers whose squares may overflow."""
    if np.abs(vectors).max(initial=0) > LARGEST:
        raise DatasetError(f"{source} holds numbers beyond {LARGEST:g}: scale them.")


def scaled(source: Path, vectors: np.ndarray, form: Form) -> np.ndarray:
    """(x - mean) / scale as float32 (n, d). Raises DatasetError for another d, or for numbers that are too large."""
    if vectors.shape[1] != len(form.mean):
        raise DatasetError(
            f"{source} holds vectors of {vectors.shape[1]:,} numbers, and the model takes {len(form.mean):,}."
        )
    require_bounded(source, vectors)
    return ((vectors - np.array(form.mean)) / np.array(form.scale)).astype(np.float32)
