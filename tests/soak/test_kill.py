"""A run killed repeatedly ends with the weights of an uninterrupted one. Takes minutes: `make soak`."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deq.models.checkpoints import WEIGHTS
from tests.conftest import ROOT
from tests.soak.conftest import Report

pytestmark = pytest.mark.soak

RUN = ("train", "mnist", "--model", "mlp", "--epochs", "2", "--json")
KILLS = 10
CALLS = 11  # compiled calls in an epoch, each a line of metrics.jsonl
PATIENT = 300.0  # seconds: the machine may be busy


class Run:
    """One process of a run in a folder; stderr goes to a file, so that no pipe fills up."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder, self._stderr = folder, folder.with_suffix(".err")
        command = [sys.executable, "-m", "deq", *RUN, "--out", str(folder), *more]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": self._stderr.open("w")}
        self.process = subprocess.Popen(command, cwd=ROOT, env=os.environ, **quiet)

    def stderr(self) -> str:
        return self._stderr.read_text()

    def epochs(self) -> list[int]:
        """The epoch of each whole line logged so far."""
        file = self.folder / "metrics.jsonl"
        lines = file.read_text().split("\n")[:-1] if file.exists() else []
        return [json.loads(line)["epoch"] for line in lines]

    def wait_for(self, moment: Callable[[], bool]) -> None:
        """Wait until moment() holds; fails if the run ends before, or on a timeout."""
        deadline = time.monotonic() + PATIENT
        while not moment():
            assert self.process.poll() is None, self.stderr()
            assert time.monotonic() < deadline, self.stderr()
            time.sleep(0.002)

    def kill(self) -> None:
        """SIGKILL, which no process can catch; fails if the run has already ended."""
        assert self.process.poll() is None, self.stderr()
        self.process.kill()
        self.process.wait()

    def finish(self) -> bytes:
        """Its weights, when it has finished."""
        assert self.process.wait(PATIENT) == 0, self.stderr()
        return (self.folder / WEIGHTS).read_bytes()


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, mnist_dir: Path) -> bytes:
    return Run(tmp_path_factory.mktemp("soak") / "whole").finish()


def test_ten_kills_in_the_second_epoch(uninterrupted: bytes, tmp_path: Path, report: Report) -> None:
    """Anywhere in the epoch, also during a call."""
    chance, lost = random.Random(0), 0
    for kill in range(KILLS):
        run = Run(tmp_path / "run", *(["--resume"] if kill else []))
        if kill:  # the lines after the checkpoint are then deleted
            run.wait_for(lambda run=run: "Resuming at update 429." in run.stderr())
        calls = chance.randint(1, CALLS - 2)
        run.wait_for(lambda run=run, calls=calls: run.epochs().count(2) >= calls)
        time.sleep(chance.random() * 0.3)
        run.kill()
        lost += run.epochs().count(2)
    assert Run(tmp_path / "run", "--resume").finish() == uninterrupted
    print(f"{KILLS} kills in epoch 2, {lost} of its calls thrown away, weights equal to the bit")
    report("faults survived", KILLS)


def test_kills_while_a_checkpoint_is_written(uninterrupted: bytes, tmp_path: Path, report: Report) -> None:
    """A partial checkpoint is never taken for a complete one."""
    for delay in (0.0, 0.01, 0.02, 0.03, 0.05):
        folder = tmp_path / f"run{delay}"
        run = Run(folder)
        run.wait_for(lambda folder=folder: any("tmp" in path.name for path in folder.glob("checkpoints/*")))
        time.sleep(delay)
        run.kill()
        assert Run(folder, "--resume").finish() == uninterrupted
        report("faults survived", 1)
