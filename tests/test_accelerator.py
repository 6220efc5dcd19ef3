"""The accelerator benchmark keeps what it has measured, and an epoch runs on the device without a transfer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import pytest

from benchmarks.accelerator import __main__ as accelerator
from benchmarks.accelerator.sizes import SMALL, Sizes
from benchmarks.accelerator.training import program
from tests.conftest import ROOT


def good(sizes: Sizes) -> Iterator[dict[str, Any]]:
    """One row, and a number that is none."""
    yield {"what": "a", "value": float("nan"), "right": True}


def broken(sizes: Sizes) -> Iterator[dict[str, Any]]:
    """Fails after a row."""
    yield {"what": "b", "value": 1.0}
    raise RuntimeError("out of luck\nand more")


def stopped(sizes: Sizes) -> Iterator[dict[str, Any]]:
    """Interrupted after a row."""
    yield {"what": "c", "value": 2.0}
    raise KeyboardInterrupt


def wrong(sizes: Sizes) -> Iterator[dict[str, Any]]:
    """Measures something false."""
    yield {"what": "d", "right": False}


def measured(monkeypatch: pytest.MonkeyPatch, parts: list[accelerator.Part], *options: str) -> int:
    monkeypatch.setattr(accelerator, "PARTS", {part.__name__: part for part in parts})
    monkeypatch.setattr(sys, "argv", ["accelerator", "--small", *options])
    return accelerator.main()


def test_a_part_that_fails_loses_only_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "found.json"
    assert measured(monkeypatch, [broken, good, stopped, wrong], "--json", "--out", str(file)) == 1
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(file.read_text())
    assert {name: part["fault"] for name, part in found["parts"].items()} == {
        "broken": "RuntimeError: out of luck",
        "good": "",
        "stopped": "interrupted",
    }
    assert [row["what"] for part in found["parts"].values() for row in part["rows"]] == ["b", "a", "c"]
    assert found["parts"]["good"]["rows"][0]["value"] is None
    assert found["device"]["backend"] == jax.default_backend()


def test_the_exit_status_says_whether_all_is_right(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measured(monkeypatch, [good]) == 0
    assert "| what | value | right |\n| --- | --- | --- |\n| a | nan | True |" in capsys.readouterr().out
    assert measured(monkeypatch, [good, wrong]) == 1
    assert measured(monkeypatch, [good, wrong], "--only", "good") == 0


@pytest.mark.long
def test_an_epoch_is_one_call_that_stays_on_the_device() -> None:
    """No transfer, no call of a library such as LAPACK, and the state is updated in place."""
    (row,) = program(SMALL)
    assert (row["transfers"], row["library calls"]) == (0, "none")
    assert row["donated, KiB"] >= row["state, KiB"]


@pytest.mark.long
def test_the_small_benchmark_runs_and_finds_nothing_wrong() -> None:
    command = [sys.executable, "-m", "benchmarks.accelerator", "--small", "--json"]
    done = subprocess.run(
        command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True, check=False
    )
    found = json.loads(done.stdout)
    assert done.returncode == 0, found
    assert list(found["parts"]) == list(accelerator.PARTS)
    assert all(part["rows"] for part in found["parts"].values())
    assert found["device"]["jax"] == jax.__version__
