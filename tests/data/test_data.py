"""Data sets: the real MNIST read right, damage and absence named at once, downloads through a real HTTP server."""

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
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from deq.data import NAMES, Dataset, DatasetError, at_hand, download, load_dataset
from deq.data.download import FILES, SOURCES, download_once
from deq.data.lazy import lazy_imports_of_this_thread
from deq.data.sets import read_idx


def idx(array: np.ndarray) -> bytes:
    """The IDX format, gzipped: two zero bytes, the type (8: unsigned byte), the number of axes, their sizes."""
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes())


def write_small_set(folder: Path) -> Dataset:
    """Four small files in MNIST's format, and what they hold."""
    rng = np.random.default_rng(0)
    train, test = rng.integers(0, 256, (7, 28, 28)), rng.integers(0, 256, (3, 28, 28))
    labels = np.arange(7) % 10, np.arange(3)
    for file, array in zip(FILES, (train, labels[0], test, labels[1]), strict=True):
        (folder / file).write_bytes(idx(array))
    return Dataset("mnist", train[..., None], labels[0], test[..., None], labels[1])


def url_infos(folder: Path, address: str) -> dict:
    """The table of sizes and checksums that tensorflow-datasets keeps for addresses."""
    from tensorflow_datasets.core.download.checksums import compute_url_info

    return {address + file: compute_url_info(folder / file) for file in FILES}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MNIST_DIR", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str, list[str]]]:
    """A folder behind an HTTP server on this machine: the folder, its address and the log of what was asked."""
    folder, asked = tmp_path / "served", []
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            asked.append(f"{self.command} {self.path}")

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}/", asked
    server.shutdown()
    server.server_close()


def test_mnist_is_the_real_one_in_its_order(mnist_dir: Path) -> None:
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
    with pytest.raises(DatasetError, match="not a file of kmnist"):
        load_dataset("kmnist", mnist_dir)


@pytest.mark.parametrize("name", ["fashion_mnist", "kmnist"])
def test_mnist_dir_speaks_for_mnist_only(name: str, mnist_dir: Path, cache: Path, monkeypatch) -> None:
    monkeypatch.setenv("MNIST_DIR", str(mnist_dir))
    assert at_hand("mnist")
    assert not at_hand(name)


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="choose from mnist, fashion_mnist, kmnist, digits"):
        load_dataset("mnits")


def test_download_once_and_check(served, cache: Path) -> None:
    folder, address, asked = served
    expected = write_small_set(folder)
    where = download_once("mnist", address, url_infos(folder, address))
    assert where == cache / "deq" / "mnist"
    assert sorted(path.name for path in where.iterdir()) == sorted(FILES)
    for file in FILES:
        digest = hashlib.sha256((where / file).read_bytes()).digest()
        assert digest == hashlib.sha256((folder / file).read_bytes()).digest()
    np.testing.assert_array_equal(read_idx(where / FILES[0]), expected.train_images)
    np.testing.assert_array_equal(read_idx(where / FILES[3]), expected.test_labels)
    before = len(asked)
    assert download_once("mnist", address) == where
    assert len(asked) == before  # the second time nothing is asked


def test_download_with_a_wrong_checksum_is_refused_and_not_kept(served, cache: Path) -> None:
    folder, address, _ = served
    write_small_set(folder)
    infos = url_infos(folder, address)
    (folder / FILES[2]).write_bytes(idx(np.zeros((3, 28, 28))))
    with pytest.raises(DatasetError, match=f"Wrong checksum: the downloaded {FILES[2]}"):
        download_once("mnist", address, infos)
    assert not any((cache / "deq" / "mnist" / file).exists() for file in FILES)


def test_no_network_is_told_soon_with_both_ways_out(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES, "mnist", "http://127.0.0.1:9/")  # the port that discards: nobody answers
    start = time.perf_counter()
    with pytest.raises(DatasetError, match=r"(?s)--data-dir or MNIST_DIR.*`digits`"):
        load_dataset("mnist")
    assert time.perf_counter() - start < 15


def test_a_server_that_never_answers_is_given_up_on(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PROBE_SECONDS", 0.5)
    monkeypatch.setattr(
        "requests.head", lambda *_, **__: time.sleep(3) or SimpleNamespace(ok=True)
    )  # as a look-up may hang
    start = time.perf_counter()
    with pytest.raises(DatasetError, match="no answer"):
        download_once("mnist", "http://127.0.0.1:9/")
    assert time.perf_counter() - start < 2.5


def test_digits_need_nothing_and_look_like_mnist() -> None:
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


def test_lazy_imports_of_tensorflow_datasets_leave_other_threads_alone() -> None:
    """Etils swaps the import of the whole process; a server's thread would then fail on a relative import."""
    from etils import epy

    relative = ("data", {"__package__": "deq", "__name__": "deq.other"}, {}, ["NAMES"], 1)
    with lazy_imports_of_this_thread(), ThreadPoolExecutor(1) as other, epy.lazy_imports():
        assert type(builtins.__import__("colorsys")).__name__ == "LazyModule"
        assert other.submit(lambda: builtins.__import__(*relative)).result().NAMES is NAMES
    assert type(builtins.__import__("colorsys")) is ModuleType
    with pytest.raises(ValueError, match="Relative"), ThreadPoolExecutor(1) as other, epy.lazy_imports():
        other.submit(lambda: builtins.__import__(*relative)).result()  # what it is there for
