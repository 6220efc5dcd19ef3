"""Data sets as arrays: images uint8 (n, 28, 28, 1), white on black, and labels int32 (n,).

MNIST, Fashion-MNIST and KMNIST are read from their four original .gz files, in a folder or downloaded once by the
download manager of tensorflow-datasets, which checks their sha256. `digits` ships with scikit-learn.
"""

import gzip
import os
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
from scipy import ndimage

from deq.data.download import FILES, SOURCES, DatasetError, cache_folder, download_once, fetch
from deq.extras import extra

NAMES = ("mnist", "fashion_mnist", "kmnist", "digits")

DIGITS_FILE = "sklearn/datasets/data/digits.csv.gz"
KEPT = 500  # training images that `held_out_digits` keeps
DIGITS_TEST = 360  # the last fifth of scikit-learn's 1,797


@dataclass(frozen=True)
class Dataset:
    """Images uint8 (n, 28, 28, 1) and labels int32 (n,), train and test, in their original order.

    The fields also hold other inputs, such as vectors float32 (n, d). validation: how many of the last training
    examples `classify` holds out; if None, the last tenth, at most 5,000.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    num_classes: int = 10
    validation: int | None = None


def load_dataset(name: str, data_dir: str | Path | None = None) -> Dataset:
    """Load `mnist`, `fashion_mnist`, `kmnist` or `digits`.

    Args:
        name: one of `NAMES`.
        data_dir: a folder with the set's four original .gz files. Without it `mnist` reads the folder named by
            the environment variable MNIST_DIR; otherwise the files are downloaded once into the user's cache.
            `digits` ships with scikit-learn, so a folder is refused.

    Raises:
        ValueError: an unknown name, or a folder for `digits`.
        MissingExtra: the packages of the extra `data` are not installed.
        DatasetError: a file is missing, has a wrong checksum, or cannot be downloaded (raised within 15 s if the
            server does not respond, within 30 s if it sends almost nothing).
    """
    if name not in NAMES:
        raise ValueError(f"Unknown data set {name!r}; choose from {', '.join(NAMES)}.")
    if name == "digits":
        if data_dir is not None:
            raise ValueError(
                "digits ships with scikit-learn and is not read from a folder: leave out --data-dir."
            )
        return load_digits()
    folder = data_dir or (os.environ.get("MNIST_DIR") if name == "mnist" else None)
    return read_folder(name, Path(folder).expanduser() if folder else download_once(name, SOURCES[name]))


@lru_cache(1)
def held_out_digits() -> Dataset:
    """The digits used for display and comparison: MNIST if its files are on this machine, else scikit-learn's.

    Cached. Of the training set only the first 500 images are kept.
    """
    try:
        found = load_dataset("mnist" if at_hand("mnist") else "digits")
    except DatasetError:
        found = load_dataset("digits")
    images, labels = found.train_images[:KEPT].copy(), found.train_labels[:KEPT].copy()
    return replace(found, train_images=images, train_labels=labels)


def at_hand(name: str) -> bool:
    """Whether the files of `load_dataset(name)` are on this machine, so that it needs no network."""
    if name == "digits":
        return True
    folder = os.environ.get("MNIST_DIR") if name == "mnist" else None
    return all((Path(folder or cache_folder(name)) / file).is_file() for file in FILES)


def read_folder(name: str, folder: Path) -> Dataset:
    """The four files of data set `name` in `folder`, each checked by sha256."""
    missing = [file for file in FILES if not (folder / file).is_file()]
    if missing:
        raise DatasetError(
            f"{folder} lacks {', '.join(missing)} of {name}. Set --data-dir{' or MNIST_DIR' if name == 'mnist' else ''}"
            f" to a folder with all four original files ({', '.join(FILES)})."
        )
    paths = fetch(name, SOURCES[name], manual_dir=folder)
    train_images, train_labels, test_images, test_labels = (read_idx(path) for path in paths)
    return Dataset(name, train_images, train_labels, test_images, test_labels)


def read_idx(path: Path) -> np.ndarray:
    """A .gz file in the IDX format: images uint8 (n, 28, 28, 1) or labels int32 (n,). yann.lecun.com/exdb/mnist"""
    data = gzip.decompress(path.read_bytes())
    if data[3] == 1:
        return np.frombuffer(data, np.uint8, offset=8).astype(np.int32)
    return np.frombuffer(data, np.uint8, offset=16).reshape(-1, 28, 28, 1)


def load_digits() -> Dataset:
    """Scikit-learn's 1,797 8x8 digits, enlarged to 28x28; the last 360 are the test set (Alpaydin & Kaynak 1998)."""
    # From its file: importing scikit-learn takes half a second and 50 MB.
    with extra("data"):
        file = distribution("scikit-learn").locate_file(DIGITS_FILE)
    table = np.loadtxt(str(file), delimiter=",")
    images = upscale(table[:, :-1].reshape(-1, 8, 8))[..., None]
    labels = table[:, -1].astype(np.int32)
    cut = len(images) - DIGITS_TEST
    return Dataset("digits", images[:cut], labels[:cut], images[cut:], labels[cut:])


def upscale(images: np.ndarray) -> np.ndarray:
    """8x8 digits (n, 8, 8) with values 0..16 in MNIST style: ink in 20x20, centred by mass in (n, 28, 28), uint8."""
    pixels = np.eye(8)  # the cubic spline of an image is linear in it, along either axis
    spline = np.stack(
        [ndimage.zoom(pixel, 20 / 8, order=3, mode="grid-constant", grid_mode=True) for pixel in pixels]
    )
    ink = np.clip(spline.T @ (images / 16) @ spline, 0, 1)
    places = np.arange(20) - 9.5
    down, across = (np.einsum(f"nij,{axis}->n", ink, places) / ink.sum((1, 2)) for axis in "ij")
    margin = 18  # zeros that a shift may bring in
    canvas = np.pad(ink, ((0, 0), (margin, margin), (margin, margin)))
    window = np.arange(28) + margin - 4
    rows, columns = (window + np.round(centre).astype(int)[:, None] for centre in (down, across))
    centred = canvas[np.arange(len(ink))[:, None, None], rows[:, :, None], columns[:, None]]
    return np.round(255 * centred).astype(np.uint8)
