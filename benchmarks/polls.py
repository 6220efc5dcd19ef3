"""Does watching a run cost the server memory? python -m benchmarks.polls [--polls 1000] [--json]

A real server and a raw client of its websocket: it opens the training page, starts a long run, and polls it
as a browser does once a second, but as fast as the server answers. Memory is the server's resident set.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from benchmarks.timing import report

ROOT = Path(__file__).resolve().parent.parent
QUERY = "fit_task=mnist&fit_epochs=500&fit_width=64&fit_patience=0"  # it must not end before the polls do
WARM = 200  # polls until caches and pools have their size
MEGABYTE = 1e6


@contextmanager
def server() -> Iterator[tuple[int, psutil.Process]]:
    """A fresh dashboard on a free port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    command += ["--server.address=127.0.0.1", f"--server.port={port}", "--server.fileWatcherType=none"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


class Visitor:
    """A browser reduced to its messages."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.fragment = self.start_button = self.page = ""
        self.query = QUERY

    def rerun(self, *, fragment: str = "", pressed: str = "") -> int:
        """Ask for a run of the script, or of a fragment, and wait for its end; the bytes of the answer."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.fragment_id = self.query, fragment
        state.page_name, state.page_script_hash = ("" if self.page else "train"), self.page
        if pressed:
            state.widget_states.widgets.add(id=pressed, trigger_value=True)
        self.socket.send(message.SerializeToString())
        size = 0
        while True:
            data = self.socket.recv(timeout=120)
            assert isinstance(data, bytes)
            size += len(data)
            if self._read(ForwardMsg.FromString(data)):
                return size

    def _read(self, message: ForwardMsg) -> bool:
        """Note what is needed later; whether the script has come to its end."""
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.page = message.new_session.page_script_hash
        elif kind == "auto_rerun":
            self.fragment = message.auto_rerun.fragment_id
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "delta" and message.delta.new_element.button.label == "Start training":
            self.start_button = message.delta.new_element.button.id
        return kind == "script_finished" and message.script_finished in (
            ForwardMsg.FINISHED_SUCCESSFULLY,
            ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
        )


def watch(visitor: Visitor, process: psutil.Process, polls: int) -> dict[str, float]:
    """Poll so often, and tell what the server held before and after."""
    before, began, size = process.memory_info().rss, time.perf_counter(), 0
    for _ in range(polls):
        size += visitor.rerun(fragment=visitor.fragment)
    seconds, after = time.perf_counter() - began, process.memory_info().rss
    return {
        "polls": polls,
        "before (MB)": round(before / MEGABYTE, 1),
        "after (MB)": round(after / MEGABYTE, 1),
        "growth (MB)": round((after - before) / MEGABYTE, 1),
        "ms a poll": round(1e3 * seconds / polls, 1),
        "kB a poll": round(size / polls / 1e3, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--polls", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with (
        server() as (port, process),
        connect(f"ws://127.0.0.1:{port}/_stcore/stream", max_size=None) as socket,
    ):
        visitor = Visitor(socket)
        visitor.rerun()
        visitor.rerun(pressed=visitor.start_button)
        rows = [watch(visitor, process, polls) for polls in (WARM, chosen.polls)]
    report("Polls of a live run", rows, chosen.json)


if __name__ == "__main__":
    main()
