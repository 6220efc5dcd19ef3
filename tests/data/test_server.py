"""A data server that misbehaves: slow, silent, cut short, full of nonsense; and a cache that goes away."""

import http.server
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deq.data import DatasetError, StalledDownload, at_hand, download, load_dataset
from deq.data.download import FILES, SOURCES, cache_folder, download_once
from tests.data.test_data import url_infos, write_small_set

Answer = Callable[[http.server.BaseHTTPRequestHandler, bytes], None]
ended = threading.Event()  # lets the slow answers go, so that no thread of the client outlives its test


def whole(request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
    request.wfile.write(body)


def trickling(request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
    for i in range(len(body)):
        request.wfile.write(body[i : i + 1])
        if ended.wait(0.05):
            return


def silent(request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
    ended.wait(60)


def cut_short(request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
    request.wfile.write(body[: len(body) // 2])


def nonsense(request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
    request.wfile.write(bytes(len(body)))


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answer], tuple[str, dict]]]:
    """serve(answer) starts a server of four small files on this machine: its address, and their checksums."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setattr(download, "STALL_SECONDS", 1.0)
    folder, servers = tmp_path / "served", []
    folder.mkdir()
    write_small_set(folder)
    ended.clear()

    def start(answer: Answer) -> tuple[str, dict]:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:  # as http.server has it
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
def test_a_server_that_sends_next_to_nothing_is_given_up_on(serve, answer: Answer) -> None:
    address, infos = serve(answer)
    began = time.monotonic()
    with pytest.raises(StalledDownload, match=r"sends next to nothing.*--data-dir or MNIST_DIR.*`digits`"):
        download_once("mnist", address, infos)
    assert time.monotonic() - began < 30
    assert not at_hand("mnist")


@pytest.mark.parametrize("answer", [cut_short, nonsense])
def test_what_is_not_the_file_is_not_kept(serve, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "STALL_SECONDS", 10.0)
    address, infos = serve(answer)
    with pytest.raises(DatasetError, match=r"Wrong checksum: .*Try again|Cannot get|sends next to nothing"):
        download_once("mnist", address, infos)
    assert not any((cache_folder("mnist") / file).exists() for file in FILES)


def test_a_deleted_cache_is_filled_again(serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or missed in words, where the server is gone too; one file that is missing counts as all."""
    address, infos = serve(whole)
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


def test_a_folder_that_is_gone_when_it_is_looked_into_counts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        (tmp_path / name).mkdir()
        (tmp_path / name / "part").write_bytes(b"12345")

    def size_then_gone(path: str) -> int:
        size = os.stat(path).st_size
        for other in tmp_path.iterdir():
            shutil.rmtree(other)
        return size

    monkeypatch.setattr("os.path.getsize", size_then_gone)
    assert download.bytes_in(tmp_path) == 5
