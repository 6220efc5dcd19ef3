"""A run on one device, on eight and in two processes gives the same losses."""

import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_cli import answer, deq
from tests.conftest import ROOT, with_devices

RUN = (
    "train",
    "digits",
    "--model",
    "mlp",
    "--epochs",
    "2",
    "--batch-size",
    "64",
    "--set",
    "jacobian=0",
    "--json",
)

# `python -m deq` with a shorter heartbeat timeout.
DEQ = "from deq import cli, devices; devices.HEARTBEAT_SECONDS = 6; cli.app()"


def launch(folder: Path, devices: int, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", DEQ, *RUN, "--out", str(folder), *more]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT, env=with_devices(devices), **pipes)


def losses(folder: Path) -> list[float]:
    """Training and validation losses in order."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line.get("loss", line.get("validation_loss")) for line in lines]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def pair(folder: Path, *more: str) -> list[subprocess.Popen[str]]:
    """One run in two processes on this machine, of two devices each."""
    cluster = ("--coordinator", f"127.0.0.1:{free_port()}", "--num-processes", "2")
    return [launch(folder, 2, *cluster, "--process-id", str(i), *more) for i in range(2)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    answer(deq(*RUN, "--out", folder))
    return folder


@pytest.mark.long
def test_eight_devices_give_the_same_losses(alone: Path, tmp_path: Path) -> None:
    process = launch(tmp_path, 8, "--devices", "8")
    _, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    assert losses(tmp_path) == pytest.approx(losses(alone), rel=1e-5)
    assert json.loads((tmp_path / "card.json").read_text())["machine"].startswith("8 ")


@pytest.mark.long
def test_two_processes_give_the_same_losses(alone: Path, tmp_path: Path) -> None:
    check_pair(alone, tmp_path)


def check_pair(alone: Path, folder: Path, *more: str) -> None:
    """Two processes end with the losses of one; the leader alone prints the result."""
    results = [(process.communicate(timeout=300), process.returncode) for process in pair(folder, *more)]
    assert [status for _, status in results] == [0, 0], results
    assert json.loads(results[0][0][0])["parameters"] == 134_538
    assert results[1][0][0] == ""
    assert losses(folder) == pytest.approx(losses(alone), rel=1e-5)


@pytest.mark.long
def test_a_dead_peer_ends_the_run_and_a_resume_continues_it(alone: Path, tmp_path: Path) -> None:
    leader, peer = pair(tmp_path)
    for line in leader.stderr:
        if re.search("epoch 1 of 2", line):
            break
    peer.kill()
    _, error = leader.communicate(timeout=120)
    assert leader.returncode != 0
    assert "process" in error.lower()
    check_pair(alone, tmp_path, "--resume")
