"""Hundreds of damaged checkpoints and kills at any moment: what was saved comes back, to the bit."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deq.training.run_folder import RunFolder
from tests.cli.test_faults import SERVED, WRITER
from tests.conftest import ROOT
from tests.soak.conftest import Report
from tests.support.bent_checkpoints import SETTINGS, bend, opened, same, save_two, state

pytestmark = pytest.mark.soak

BENT, KILLED, ENDED = 200, 12, 5


def test_damaged_checkpoints(tmp_path: Path, report: Report) -> None:
    """A bit flipped anywhere, a file cut anywhere: the damage is noticed, or changes nothing."""
    save_two(tmp_path / "saved")
    fresh, first, second = (state(step) for step in range(3))
    fell_back = 0
    for seed in range(BENT):
        run = opened(tmp_path / "saved", tmp_path / "bent")
        bend(tmp_path / "bent", 2, seed)
        found = run.restore(fresh)
        assert same(found, first if run.warnings else second), seed
        fell_back += bool(run.warnings)
        shutil.rmtree(tmp_path / "bent")
    print(f"{BENT} damaged checkpoints, {fell_back} noticed and passed over, {BENT - fell_back} harmless")
    report("faults survived", BENT)


def test_kills_at_any_moment_of_a_checkpoint(tmp_path: Path, report: Report) -> None:
    chance = random.Random(0)
    for kill in range(KILLED):
        folder = tmp_path / str(kill)
        folder.mkdir()
        command = [sys.executable, "-c", WRITER.format(folder=str(folder))]
        writer = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        saved = int(next(writer.stdout))
        time.sleep(chance.random() * 0.4)
        writer.kill()
        writer.wait()
        saved = max([saved, *(int(line) for line in writer.stdout)])
        run = RunFolder(folder, SETTINGS)
        found = run.restore(state(0))
        assert int(found.step) >= saved
        assert same(found, state(int(found.step)))
        assert run.warnings == []
        report("faults survived", 1)


def test_a_server_ends_in_order_whatever_it_does(report: Report) -> None:
    """SIGTERM at five moments of a training run in the background."""
    for moment in range(ENDED):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        server = subprocess.Popen([sys.executable, "-c", SERVED], cwd=ROOT, **pipes)
        assert server.stdout.readline() == "training\n"
        time.sleep(0.4 * moment)
        server.send_signal(signal.SIGTERM)
        _, said = server.communicate(timeout=60)
        assert (server.returncode, "Traceback" in said) == (0, False), said
        report("faults survived", 1)
