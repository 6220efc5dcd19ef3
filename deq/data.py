"""Data sets as arrays: images uint8 (n, 28, 28, 1), white on black, and labels int32 (n,).

MNIST, Fashion-MNIST and KMNIST come as their four original .gz files, from a folder or downloaded once through
the download manager of tensorflow-datasets, which checks their sha256. `digits` comes with scikit-learn.
"""

import builtins
import contextlib
import gzip
import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from scipy import ndimage

NAMES = ("mnist", "fashion_mnist", "kmnist", "digits")

SOURCES = {
    "mnist": "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "fashion_mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "kmnist": "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
}

FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)

PROBE_SECONDS = 10.0  # a stock download retries for minutes before it admits that there is no network
DIGITS_TEST = 360  # the last fifth of scikit-learn's 1,797


class DatasetError(ValueError):
    """A data set's files are missing, corrupt or out of reach; the message says what to do."""


@dataclass(frozen=True)
class Dataset:
    """Images uint8 (n, 28, 28, 1) and labels int32 (n,), train and test, in their original order."""

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    num_classes: int = 10


def load_dataset(name: str, data_dir: str | Path | None = None) -> Dataset:
    """Load `mnist`, `fashion_mnist`, `kmnist` or `digits`.

    Args:
        name: one of `NAMES`.
        data_dir: a folder with the set's four original .gz files. Without it `mnist` reads the folder named by
            the environment variable MNIST_DIR; otherwise the files are downloaded once into the user's cache.
            `digits` ships with scikit-learn and reads no folder.

    Raises:
        ValueError: an unknown name.
        DatasetError: a file is missing, has a wrong checksum, or cannot be downloaded (within 15 s).
    """
    if name not in NAMES:
        raise ValueError(f"Unknown data set {name!r}; choose from {', '.join(NAMES)}.")
    if name == "digits":
        return load_digits_28x28()
    folder = data_dir or (os.environ.get("MNIST_DIR") if name == "mnist" else None)
    return read_folder(name, Path(folder).expanduser() if folder else download_once(name, SOURCES[name]))


def at_hand(name: str) -> bool:
    """Whether `load_dataset(name)` can do without a network: its files are on this machine."""
    if name == "digits":
        return True
    folder = os.environ.get("MNIST_DIR") if name == "mnist" else None
    return all((Path(folder or cache_folder(name)) / file).is_file() for file in FILES)


def read_folder(name: str, folder: Path) -> Dataset:
    """The four files of data set `name` in `folder`, each checked by sha256."""
    missing = [file for file in FILES if not (folder / file).is_file()]
    if missing:
        raise DatasetError(
            f"{folder} lacks {', '.join(missing)} of {name}. Name a folder that holds all four original files"
            f" ({', '.join(FILES)}) by --data-dir{' or MNIST_DIR' if name == 'mnist' else ''}."
        )
    paths = fetch(name, SOURCES[name], manual_dir=folder)
    train_images, train_labels, test_images, test_labels = (read_idx(path) for path in paths)
    return Dataset(name, train_images, train_labels, test_images, test_labels)


def cache_folder(name: str) -> Path:
    """Where downloads of data set `name` are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deq" / name


def download_once(name: str, source: str, url_infos: dict[str, Any] | None = None) -> Path:
    """The cache folder of data set `name`, filled from the address `source` if a file is missing.

    url_infos: checksums by address, {url: tfds.download.checksums.UrlInfo}, for addresses that
    tensorflow-datasets does not know.
    """
    folder = cache_folder(name)
    if all((folder / file).is_file() for file in FILES):
        return folder
    probe(name, source + FILES[-1])
    folder.mkdir(parents=True, exist_ok=True)
    # On a failure other files may still be on their way into the temporary folder, hence the leniency.
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as temporary:
        paths = fetch(name, source, download_dir=temporary, url_infos=url_infos)
        for path, file in zip(paths, FILES, strict=True):
            path.replace(folder / file)  # atomic: a download cut short leaves no half file behind
    return folder


def probe(name: str, url: str) -> None:
    """Raise a DatasetError if `url` gives no sign of life within PROBE_SECONDS."""
    import requests

    answers = []

    def ask() -> None:
        try:
            answers.append(requests.head(url, timeout=PROBE_SECONDS, allow_redirects=True).ok)
        except requests.RequestException:
            answers.append(False)

    # A look-up of the host's name obeys no timeout of requests, hence the thread.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS + 1)
    if answers != [True]:
        raise DatasetError(
            f"Cannot download {name}: no answer from {url}. Either name a folder that holds its four .gz files"
            f" by --data-dir{' or MNIST_DIR' if name == 'mnist' else ''}, or use the data set `digits`, which"
            " needs no network."
        )


@contextlib.contextmanager
def lazy_imports_of_this_thread() -> Iterator[None]:
    """Keeps tensorflow-datasets' import from breaking the imports that other threads do meanwhile.

    It imports lazily by etils, which replaces `builtins.__import__` for the whole process: a server's thread that
    imports at that moment gets an error, or a module that is none yet. Here only the calling thread is lazy.
    """
    from etils import epy

    theirs, this_thread = epy.lazy_imports, threading.get_ident()

    @contextlib.contextmanager
    def ours(*, error_callback: Any = None, success_callback: Any = None) -> Iterator[None]:
        usual = builtins.__import__
        with theirs(error_callback=error_callback, success_callback=success_callback):
            lazy = builtins.__import__

            def by_thread(
                name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
            ) -> ModuleType:
                chosen = lazy if threading.get_ident() == this_thread else usual
                return chosen(name, globals, locals, fromlist, level)

            builtins.__import__ = by_thread
            yield

    epy.lazy_imports = ours
    try:
        yield
    finally:
        epy.lazy_imports = theirs


def fetch(
    name: str,
    source: str,
    *,
    manual_dir: Path | None = None,
    download_dir: str | None = None,
    url_infos: dict[str, Any] | None = None,
) -> list[Path]:
    """Paths of the four FILES, checked by sha256: taken in place from manual_dir, else downloaded."""
    with lazy_imports_of_this_thread():
        import tensorflow_datasets as tfds  # half a second: paid only where a data set is read

    tfds.disable_progress_bar()
    urls = {file: source + file for file in FILES}
    with tempfile.TemporaryDirectory() as scratch:
        manager = tfds.download.DownloadManager(
            download_dir=download_dir or scratch,
            manual_dir=manual_dir,
            url_infos=url_infos,
            dataset_name=name,
            force_checksums_validation=True,
        )
        try:
            found = manager.download(urls)
        except Exception as error:  # the manager's own errors span requests, OSError and its checksum error
            raise DatasetError(download_message(name, manual_dir, error)) from error
    return [Path(found[file]) for file in FILES]


def download_message(name: str, folder: Path | None, error: Exception) -> str:
    """What went wrong with the files of data set `name`, and what to do."""
    file = next((file for file in FILES if file in str(error)), "one of its files")
    if type(error).__name__ != "NonMatchingChecksumError":
        return f"Cannot get {file} of {name}: {error}"
    if folder is None:
        return f"Wrong checksum: the downloaded {file} is not the known file of {name}. Try again, or use --data-dir."
    return f"Wrong checksum: {folder / file} is corrupt or is not a file of {name}. Delete it and fetch it again."


def read_idx(path: Path) -> np.ndarray:
    """A .gz file in the IDX format: images uint8 (n, 28, 28, 1) or labels int32 (n,). yann.lecun.com/exdb/mnist"""
    data = gzip.decompress(path.read_bytes())
    if data[3] == 1:
        return np.frombuffer(data, np.uint8, offset=8).astype(np.int32)
    return np.frombuffer(data, np.uint8, offset=16).reshape(-1, 28, 28, 1)


def load_digits_28x28() -> Dataset:
    """Scikit-learn's 1,797 handwritten 8x8 digits as 28x28; the last 360 are the test set (Alpaydin, Kaynak 1998)."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.stack([upscale(image) for image in digits.images])[..., None]
    labels = digits.target.astype(np.int32)
    cut = len(images) - DIGITS_TEST
    return Dataset("digits", images[:cut], labels[:cut], images[cut:], labels[cut:])


def upscale(image: np.ndarray) -> np.ndarray:
    """An 8x8 digit with values 0..16 in the manner of MNIST: ink in 20x20, centred by mass in 28x28, uint8."""
    ink = ndimage.zoom(image / 16, 20 / 8, order=3, mode="grid-constant", grid_mode=True)
    canvas = np.pad(np.clip(ink, 0, 1), 4)
    shift = 13.5 - np.array(ndimage.center_of_mass(canvas))
    centred = ndimage.shift(canvas, np.round(shift), order=0)
    return np.round(255 * centred).astype(np.uint8)
