"""The original files of a data set, fetched and checked (sha256) by the tensorflow-datasets download manager."""

import builtins
import contextlib
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from deq.extras import extra

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

PROBE_SECONDS = 10.0  # of the probe: without one a download retries for minutes when there is no network
STALL_SECONDS, STALL_BYTES = 30.0, 300_000  # give up on a server that sends less in that time


class DatasetError(ValueError):
    """A data set's files are missing, corrupt or cannot be downloaded; the message says what to do."""


class StalledDownload(DatasetError):
    """The server stopped sending. Threads of tensorflow-datasets keep waiting for it and cannot be stopped."""


def cache_folder(name: str) -> Path:
    """The folder where downloads of data set `name` are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deq" / name


def download_once(name: str, source: str, url_infos: dict[str, Any] | None = None) -> Path:
    """The cache folder of data set `name`; downloads all files from the address `source` if one is missing.

    url_infos: checksums by address, {url: tfds.download.checksums.UrlInfo}, for addresses that
    tensorflow-datasets does not know.
    """
    folder = cache_folder(name)
    if all((folder / file).is_file() for file in FILES):
        return folder
    probe(name, source + FILES[-1])
    folder.mkdir(parents=True, exist_ok=True)
    # After a failure other downloads may still write to the temporary folder, so cleanup errors are ignored.
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as temporary:
        get = partial(fetch, name, source, download_dir=temporary, url_infos=url_infos)
        message = (
            f"Cannot download {name}: {source} sends almost nothing. Try again later. {offline_hint(name)}"
        )
        paths = wait_while_growing(get, Path(temporary), message)
        for path, file in zip(paths, FILES, strict=True):
            path.replace(folder / file)  # atomic: no partial file remains if this is interrupted
    return folder


def probe(name: str, url: str) -> None:
    """Raise DatasetError if `url` does not respond within PROBE_SECONDS."""
    with extra("data"):
        import requests

    answers = []

    def ask() -> None:
        try:
            answers.append(requests.head(url, timeout=PROBE_SECONDS, allow_redirects=True).ok)
        except requests.RequestException:
            answers.append(False)

    # The timeout of requests does not cover DNS lookup, hence the thread.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS + 1)
    if answers != [True]:
        raise DatasetError(f"Cannot download {name}: no answer from {url}. {offline_hint(name)}")


def offline_hint(name: str) -> str:
    """What to do without the server."""
    return (
        "Use the data set `digits`, which needs no network, or, on the command line, give the folder with the four .gz "
        f"files with --data-dir{' or MNIST_DIR' if name == 'mnist' else ''}."
    )


def wait_while_growing(get: Callable[[], list[Path]], folder: Path, message: str) -> list[Path]:
    """The result of get(), which fills `folder`; StalledDownload if that grows too slowly (STALL_BYTES)."""
    outcome: list[list[Path] | Exception] = []

    def run() -> None:
        try:
            outcome.append(get())
        except Exception as error:  # raised again below, in the caller's thread
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    before = 0
    while not outcome:
        thread.join(STALL_SECONDS)
        size = folder_size(folder)
        if not outcome and size - before < STALL_BYTES:
            raise StalledDownload(message)
        before = size
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def folder_size(folder: Path) -> int:
    """Bytes in all files of a folder, some of which may be renamed or removed meanwhile."""
    total = 0
    for place, _, files in os.walk(folder):  # unlike Path.rglob it skips folders that were removed
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
    """Paths of the four FILES, checked by sha256: read in place from manual_dir, else downloaded."""
    with extra("data"), thread_local_lazy_imports():
        import tensorflow_datasets as tfds  # takes half a second

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
        except Exception as error:  # from requests, OSError or a checksum error
            raise DatasetError(download_message(name, manual_dir, error)) from error
    return [Path(found[file]) for file in FILES]


def download_message(name: str, folder: Path | None, error: Exception) -> str:
    """An error message for the files of data set `name`, with what to do."""
    file = next((file for file in FILES if file in str(error)), "one of its files")
    if type(error).__name__ != "NonMatchingChecksumError":
        return f"Cannot get {file} of {name}: {error}. {offline_hint(name)}"
    if folder is None:
        return f"Wrong checksum: the downloaded {file} of {name} is corrupt. Try again, or use --data-dir."
    owner = owner_of(folder / file)
    if owner:
        return (
            f"{folder / file} is a file of {owner}, not a file of {name}. Name the folder of {name}'s files."
        )
    return f"Wrong checksum: {folder / file} is corrupt or not a file of {name}. Delete it and download it again."


def owner_of(path: Path) -> str | None:
    """The data set that a file belongs to, by its sha256; None if it belongs to none."""
    from tensorflow_datasets.core.download import checksums

    known, found = checksums.get_all_url_infos(), hashlib.sha256(path.read_bytes()).hexdigest()
    for name, source in SOURCES.items():
        if any(source + file in known and known[source + file].checksum == found for file in FILES):
            return name
    return None


@contextlib.contextmanager
def thread_local_lazy_imports() -> Iterator[None]:
    """Restrict the lazy imports of tensorflow-datasets to the calling thread.

    It imports lazily through etils, which replaces `builtins.__import__` for the whole process: another thread that
    imports at that moment gets an error or a module that is not loaded yet.
    """
    from etils import epy

    original, this_thread = epy.lazy_imports, threading.get_ident()

    @contextlib.contextmanager
    def restricted(*, error_callback: Any = None, success_callback: Any = None) -> Iterator[None]:
        usual = builtins.__import__
        with original(error_callback=error_callback, success_callback=success_callback):
            lazy = builtins.__import__

            def by_thread(
                name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
            ) -> ModuleType:
                chosen = lazy if threading.get_ident() == this_thread else usual
                return chosen(name, globals, locals, fromlist, level)

            builtins.__import__ = by_thread
            yield

    epy.lazy_imports = restricted
    try:
        yield
    finally:
        epy.lazy_imports = original
