"""SIGINT and SIGTERM at any moment: one line, exit status 130 or 143, and the run goes on to the same weights."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from deq.cli.process import orderly_stop
from deq.models.checkpoints import WEIGHTS
from tests.cli.test_cli import answer, deq
from tests.conftest import ROOT
from tests.support.cases import long
from tests.support.stopping import fault_of, stop_after

RUN = ("train", "digits", "--model", "mlp", "--epochs", "6", "--batch-size", "64", "--json")
MOMENTS = (0.0, 0.4, 1.2, 2.5, 5.0)


@pytest.mark.parametrize("seconds", [*MOMENTS[:-1], long(MOMENTS[-1])])
def test_a_signal_ends_the_command_with_its_status(seconds: float, tmp_path: Path) -> None:
    number = signal.SIGINT if MOMENTS.index(seconds) % 2 else signal.SIGTERM
    done = stop_after(seconds, number, tmp_path / "run", *RUN)
    assert fault_of(done, number) is None


def test_the_garbage_collector_swallows_no_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    """JAX is called at each collection; an exception raised there is only printed, and the command went on."""
    swallowed: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", swallowed.append)
    gc.callbacks.append(slow := lambda *_: time.sleep(0.01))
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(SystemExit, match="143"):
        _allocate_until_stopped(seconds=2)
    gc.callbacks.remove(slow)
    assert not swallowed


def _allocate_until_stopped(seconds: float) -> None:
    """In Python 3.13.0 an exception raised at the end of a loop passes by a `with` around it in the same frame."""
    with orderly_stop():
        _allocate(time.monotonic() + seconds)
    raise AssertionError("no signal came")


def _allocate(end: float) -> None:
    while time.monotonic() < end:
        [[] for _ in range(200_000)]  # more than conftest's threshold of the collector


def test_a_signal_after_the_last_line_changes_nothing() -> None:
    """When Python takes its modules down, its default handlers are back."""
    code = """
import os, signal, sys
from deq.__main__ import main

class Late:
    def __del__(self, kill=os.kill, own=os.getpid(), number=signal.SIGTERM):
        kill(own, number)

sys.late, sys.argv = Late(), ["deq", "--version"]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout[:4], done.stderr) == (0, "deq ", "")


@pytest.mark.long
def test_a_signal_in_the_last_evaluation_is_not_swallowed(tmp_path: Path) -> None:
    """After the last epoch there is no update left at which to stop."""
    code = """
import os, signal
from deq.training import loop
evaluate_task, calls = loop.evaluate_task, []
def interrupted(*arguments, **named):
    calls.append(1)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGINT)
    return evaluate_task(*arguments, **named)
loop.evaluate_task = interrupted
from deq.__main__ import main
main()
"""
    command = [sys.executable, "-c", code, "train", "toy", "--epochs", "20", "--out", str(tmp_path), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert fault_of(done, signal.SIGINT) is None
    answer(deq("train", "toy", "--epochs", "20", "--out", tmp_path, "--resume", "--json"))
    assert (tmp_path / WEIGHTS).exists()
