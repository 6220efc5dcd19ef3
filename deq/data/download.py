"""The original files of a data set, by the download manager of tensorflow-datasets, which checks their sha256."""

import os
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from deq.data.lazy import lazy_imports_of_this_thread

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
STALL_SECONDS, STALL_BYTES = 30.0, 300_000  # a server that sends less in that time is given up on


class DatasetError(ValueError):
    """A data set's files are missing, corrupt or out of reach; the message says what to do."""


class StalledDownload(DatasetError):
    """A server that stopped sending. Threads of tensorflow-datasets go on waiting for it, and cannot be ended."""


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
        get = partial(fetch, name, source, download_dir=temporary, url_infos=url_infos)
        complaint = (
            f"Cannot download {name}: {source} sends next to nothing. Try again later. {ways_out(name)}"
        )
        paths = while_it_moves(get, Path(temporary), complaint)
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
        raise DatasetError(f"Cannot download {name}: no answer from {url}. {ways_out(name)}")


def ways_out(name: str) -> str:
    """What to do without the server."""
    return (
        f"Either name a folder that holds its four .gz files by --data-dir{' or MNIST_DIR' if name == 'mnist' else ''},"
        " or use the data set `digits`, which needs no network."
    )


def while_it_moves(get: Callable[[], list[Path]], folder: Path, complaint: str) -> list[Path]:
    """What get() returns, unless `folder`, which it fills, grows by less than STALL_BYTES in STALL_SECONDS."""
    outcome: list[list[Path] | DatasetError] = []

    def run() -> None:
        try:
            outcome.append(get())
        except DatasetError as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    before = 0
    while not outcome:
        thread.join(STALL_SECONDS)
        size = bytes_in(folder)
        if not outcome and size - before < STALL_BYTES:
            raise StalledDownload(complaint)
        before = size
    if isinstance(outcome[0], DatasetError):
        raise outcome[0]
    return outcome[0]


def bytes_in(folder: Path) -> int:
    """Of all its files, of which some, and folders too, may be renamed or removed meanwhile."""
    total = 0
    for place, _, files in os.walk(folder):  # unlike Path.rglob it passes over a folder that is gone
        for file in files:
            with suppress(FileNotFoundError):
                total += os.path.getsize(os.path.join(place, file))
    return total


def fetch(
    name: str,
    source: str,
    *,
    manual_dir: Path | None = None,
    download_dir: str | Path | None = None,
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
