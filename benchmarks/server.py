"""Starts the dashboard on 127.0.0.1, for benchmarks and tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psutil

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 1e6
PATIENCE = 60.0  # seconds allowed for a start


@dataclass(frozen=True)
class Server:
    """A running dashboard: host:port, process and log file."""

    host: str
    process: psutil.Process
    log: Path

    def megabytes(self) -> float:
        """Resident memory in MB."""
        return self.process.memory_info().rss / MEGABYTE

    def tracebacks(self) -> int:
        """The number of tracebacks in its log."""
        return self.log.read_text().count("Traceback (most recent call last)")


@contextmanager
def running(
    log: Path, environment: Mapping[str, str] = MappingProxyType({}), module: Sequence[str] = ("streamlit",)
) -> Iterator[Server]:
    """A fresh server, ready to answer, started by `python -m module`; `environment` extends this process's own.

    Terminated on exit.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", *module, "run", "app.py", "--server.headless=true"]
    command += ["--server.address=127.0.0.1", f"--server.port={port}", "--server.fileWatcherType=none"]
    with log.open("wb") as said:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=said, stderr=said)
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield Server(f"127.0.0.1:{port}", psutil.Process(process.pid), log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise TimeoutError(f"No answer from {url}; the server's status is {process.poll()}.")
