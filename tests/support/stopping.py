"""A command stopped by a signal at a moment of its life."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.conftest import ROOT

READY = "import os; from deq.__main__ import main; os.write(1, b'started\\n'); main()"
LINES = ("Stopped by a signal.", "Stopped by a signal. Continue from the last checkpoint with --resume.")


def stop_when(
    ready: Callable[[], bool], number: signal.Signals, folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """As `stop_after`, with the signal as soon as `ready` says so, or never if it ends before."""
    return _stopped(lambda process: _wait_until(ready, process), number, folder, *arguments)


def stop_after(
    seconds: float, number: signal.Signals, folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Train with --out, and send a signal `seconds` after the entry point began, or never if it ends before."""
    # The handlers are set within the first 0.02 s.
    return _stopped(lambda _: time.sleep(0.02 + seconds), number, folder, *arguments)


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while process.poll() is None and not ready():
        time.sleep(0.01)


def _stopped(
    wait: Callable[[subprocess.Popen[str]], None], number: signal.Signals, folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", READY, *arguments, "--out", str(folder)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # A job in a shell's background ignores SIGINT, and so would what it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ, **pipes)
    assert process.stdout.readline() == "started\n"
    wait(process)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=120)
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def fault_of(done: subprocess.CompletedProcess[str], number: signal.Signals) -> str | None:
    """What is wrong with how a command ended: it must say one line, give no result and exit with 128 + number."""
    said = [line for line in done.stderr.splitlines() if line.startswith("Stopped")]
    noise = [word for word in ("Traceback", "Exception ignored", "Fatal", "Aborted") if word in done.stderr]
    if done.returncode != 128 + number:
        return f"exit status {done.returncode}"
    return None if len(said) == 1 and said[0] in LINES and not noise and not done.stdout else done.stderr
