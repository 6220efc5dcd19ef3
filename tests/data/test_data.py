"""Data sets: MNIST is read correctly, damaged and missing files are named, downloads use a real HTTP server."""

import builtins
import gzip
import hashlib
import http.server
import shutil
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from deq.data import NAMES, Dataset, DatasetError, at_hand, load_dataset
from deq.data.download import FILES, SOURCES, download_once, thread_local_lazy_imports
from deq.data.sets import read_idx


def idx(array: np.ndarray) -> bytes:
    """The IDX format, gzipped: two zero bytes, the type (8: unsigned byte), the number of axes, their sizes."""
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes())


def write_small_set(folder: Path) -> Dataset:
    """Write four small files in MNIST's format; the data set in them."""
    rng = np.random.default_rng(0)
    train, test = rng.integers(0, 256, (7, 28, 28)), rng.integers(0, 256, (3, 28, 28))
    labels = np.arange(7) % 10, np.arange(3)
    for file, array in zip(FILES, (train, labels[0], test, labels[1]), strict=True):
        (folder / file).write_bytes(idx(array))
    return Dataset("mnist", train[..., None], labels[0], test[..., None], labels[1])


def url_infos(folder: Path, address: str) -> dict:
    """Sizes and checksums by address, as tensorflow-datasets keeps them."""
    from tensorflow_datasets.core.download.checksums import compute_url_info

    return {address + file: compute_url_info(folder / file) for file in FILES}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MNIST_DIR", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str, list[str]]]:
    """A folder served over HTTP on this machine: the folder, its address and the log of requests."""
    folder, requests = tmp_path / "served", []
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            requests.append(f"{self.command} {self.path}")

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}/", requests
    server.shutdown()
    server.server_close()


def test_mnist_has_its_images_and_labels_in_order(mnist_dir: Path) -> None:
    start = time.perf_counter()
    mnist = load_dataset("mnist", mnist_dir)
    assert time.perf_counter() - start < 10  # half a second on a quiet machine
    assert mnist.train_images.shape == (60_000, 28, 28, 1)
    assert mnist.test_images.shape == (10_000, 28, 28, 1)
    assert mnist.train_images.dtype == np.uint8
    assert mnist.train_labels.dtype == np.int32
    assert mnist.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(mnist.test_labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert mnist.train_images.mean() == pytest.approx(33.318, abs=1e-3)


def test_argument_beats_environment(mnist_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MNIST_DIR", str(tmp_path))
    assert len(load_dataset("mnist", mnist_dir).test_labels) == 10_000
    with pytest.raises(DatasetError, match=str(tmp_path)):
        load_dataset("mnist")


def test_missing_file_is_named_at_once(mnist_dir: Path, tmp_path: Path) -> None:
    for file in FILES[:3]:
        shutil.copy(mnist_dir / file, tmp_path)
    start = time.perf_counter()
    with pytest.raises(DatasetError, match=f"lacks {FILES[3]} of mnist"):
        load_dataset("mnist", tmp_path)
    assert time.perf_counter() - start < 1


def test_corrupt_file_is_named(mnist_dir: Path, tmp_path: Path) -> None:
    for file in FILES:
        shutil.copyfile(mnist_dir / file, tmp_path / file)
    damaged = bytearray((tmp_path / FILES[3]).read_bytes())
    damaged[200] ^= 1
    (tmp_path / FILES[3]).write_bytes(damaged)
    with pytest.raises(DatasetError, match=f"Wrong checksum: .*{FILES[3]}"):
        load_dataset("mnist", tmp_path)


def test_folder_of_another_set_is_refused(mnist_dir: Path) -> None:
    """Its files are whole, so nothing is to be deleted."""
    with pytest.raises(DatasetError, match="is a file of mnist, not a file of kmnist") as refused:
        load_dataset("kmnist", mnist_dir)
    assert "Delete" not in str(refused.value)


@pytest.mark.parametrize("name", ["fashion_mnist", "kmnist"])
def test_mnist_dir_applies_to_mnist_only(name: str, mnist_dir: Path, cache: Path, monkeypatch) -> None:
    monkeypatch.setenv("MNIST_DIR", str(mnist_dir))
    assert at_hand("mnist")
    assert not at_hand(name)


def test_unknown_name_lists_the_known_names() -> None:
    with pytest.raises(ValueError, match="choose from mnist, fashion_mnist, kmnist, digits"):
        load_dataset("mnits")


def test_download_once_and_check(served, cache: Path) -> None:
    folder, address, requests = served
    expected = write_small_set(folder)
    where = download_once("mnist", address, url_infos(folder, address))
    assert where == cache / "deq" / "mnist"
    assert sorted(path.name for path in where.iterdir()) == sorted(FILES)
    for file in FILES:
        digest = hashlib.sha256((where / file).read_bytes()).digest()
        assert digest == hashlib.sha256((folder / file).read_bytes()).digest()
    np.testing.assert_array_equal(read_idx(where / FILES[0]), expected.train_images)
    np.testing.assert_array_equal(read_idx(where / FILES[3]), expected.test_labels)
    before = len(requests)
    assert download_once("mnist", address) == where
    assert len(requests) == before  # the second time from the cache


def test_without_a_network_the_error_comes_soon_and_names_both_ways_out(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SOURCES, "mnist", "http://127.0.0.1:9/")  # the discard port: no response
    start = time.perf_counter()
    with pytest.raises(DatasetError, match=r"(?s)`digits`.*--data-dir or MNIST_DIR"):
        load_dataset("mnist")
    assert time.perf_counter() - start < 15


def test_digits_need_no_files_and_are_in_mnist_style() -> None:
    digits = load_dataset("digits")
    assert digits.train_images.shape == (1437, 28, 28, 1)
    assert digits.test_images.shape == (360, 28, 28, 1)
    assert digits.train_images.dtype == np.uint8
    assert digits.train_labels[:10].tolist() == list(range(10))
    assert set(digits.test_labels) == set(range(10))
    images = digits.train_images[..., 0].astype(float)
    assert 230 < images.max(axis=(1, 2)).mean() <= 255
    mass = images.sum(axis=(1, 2))
    for axis in (1, 2):
        centre = (images.sum(axis=3 - axis) * np.arange(28)).sum(1) / mass
        assert np.abs(centre - 13.5).max() <= 0.51  # whole pixels, bytes rounded
    for axis in (1, 2):
        assert (images > 0).any(axis).sum(1).max() <= 20  # ink within 20x20


def test_lazy_imports_do_not_affect_other_threads() -> None:
    """Etils replaces the import function of the process; another thread then fails on a relative import."""
    from etils import epy

    relative = ("data", {"__package__": "deq", "__name__": "deq.other"}, {}, ["NAMES"], 1)
    with thread_local_lazy_imports(), ThreadPoolExecutor(1) as other, epy.lazy_imports():
        assert type(builtins.__import__("colorsys")).__name__ == "LazyModule"
        assert other.submit(lambda: builtins.__import__(*relative)).result().NAMES is NAMES
    assert type(builtins.__import__("colorsys")) is ModuleType
    with pytest.raises(ValueError, match="Relative"), ThreadPoolExecutor(1) as other, epy.lazy_imports():
        other.submit(lambda: builtins.__import__(*relative)).result()  # the bug that it works around
