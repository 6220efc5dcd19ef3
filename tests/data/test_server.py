"""Faulty data servers (slow, silent, truncating, sending garbage) and a cache that disappears."""

import http.server
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deq.data import DatasetError, StalledDownload, at_hand, download, load_dataset
from deq.data.download import FILES, SOURCES, cache_folder, download_once
from tests.data.test_data import url_infos, write_small_set

Answer = Callable[[http.server.BaseHTTPRequestHandler, bytes], None]
ended = threading.Event()  # ends slow answers, so that no client thread outlives its test


def complete(request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
    request.wfile.write(body)


def trickling(request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
    for i in range(len(body)):
        request.wfile.write(body[i : i + 1])
        if ended.wait(0.05):
            return


def silent(request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
    ended.wait(60)


def truncated(request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
    request.wfile.write(body[: len(body) // 2])


def garbage(request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
    request.wfile.write(bytes(len(body)))


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answer], tuple[str, dict]]]:
    """serve(answer) starts a local server of four small files: its address and their checksums."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setattr(download, "STALL_SECONDS", 1.0)
    folder, servers = tmp_path / "served", []
    folder.mkdir()
    write_small_set(folder)
    ended.clear()

    def start(answer: Answer) -> tuple[str, dict]:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:  # the name http.server expects
                self.send_response(200)
                self.end_headers()

            def do_GET(self) -> None:
                body = (folder / self.path.strip("/")).read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                answer(self, body)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{servers[-1].server_port}/"
        return address, url_infos(folder, address)

    yield start
    ended.set()
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("answer", [trickling, silent])
def test_a_server_that_sends_almost_nothing_is_given_up(serve, answer: Answer) -> None:
    address, infos = serve(answer)
    began = time.monotonic()
    with pytest.raises(StalledDownload, match=r"sends almost nothing.*`digits`.*--data-dir or MNIST_DIR"):
        download_once("mnist", address, infos)
    assert time.monotonic() - began < 30
    assert not at_hand("mnist")


@pytest.mark.parametrize("answer", [truncated, garbage])
def test_files_with_a_wrong_checksum_are_not_kept(
    serve, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "STALL_SECONDS", 10.0)
    address, infos = serve(answer)
    with pytest.raises(DatasetError, match=r"Wrong checksum: .*Try again|Cannot get|sends almost nothing"):
        download_once("mnist", address, infos)
    assert not any((cache_folder("mnist") / file).exists() for file in FILES)


def test_a_server_that_never_responds_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It accepts the connection and stays silent."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(download, "PROBE_SECONDS", 0.5)
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(DatasetError, match="no answer"):
        download_once("mnist", f"http://127.0.0.1:{server.getsockname()[1]}/")
    assert time.monotonic() - began < 10


def test_a_deleted_cache_is_downloaded_again(serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if only one file is missing; an error if the server is gone too."""
    address, infos = serve(complete)
    folder = download_once("mnist", address, infos)
    assert at_hand("mnist")
    shutil.rmtree(folder)
    assert not at_hand("mnist")
    assert download_once("mnist", address, infos) == folder
    (folder / FILES[1]).unlink()
    monkeypatch.setitem(SOURCES, "mnist", "http://127.0.0.1:9/")
    with pytest.raises(DatasetError, match="no answer"):
        load_dataset("mnist")
    assert download_once("mnist", address, infos) == folder
    assert at_hand("mnist")


def test_folder_size_skips_folders_that_disappear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        (tmp_path / name).mkdir()
        (tmp_path / name / "part").write_bytes(b"12345")

    def size_then_gone(path: str) -> int:
        size = os.stat(path).st_size
        for other in tmp_path.iterdir():
            shutil.rmtree(other)
        return size

    monkeypatch.setattr("os.path.getsize", size_then_gone)
    assert download.folder_size(tmp_path) == 5
