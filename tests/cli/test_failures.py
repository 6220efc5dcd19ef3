"""Runs that fail on the command line: the message, what is saved, and how they resume."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
import typer

from deq.cli.request import Request
from deq.cli.train import run
from deq.models.checkpoints import WEIGHTS, load_checkpoint
from deq.solvers import Picard
from deq.training.recipes import DENSE, RECIPES, Recipe
from tests.cli.test_cli import deq
from tests.conftest import ROOT


def request(out: Path, resume: bool = False, epochs: int | None = None) -> Request:
    """A request to train the mlp on scikit-learn's digits."""
    unset = dict.fromkeys((field.name for field in fields(Request)), None)
    chosen = {"task": "digits", "model": "mlp", "epochs": epochs, "batch_size": 64, "seed": 0}
    return Request(**unset | chosen | {"precision": "float32", "out": out, "resume": resume})


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """The mlp's recipe without augmentation."""
    monkeypatch.setitem(RECIPES, "mlp", DENSE)
    return DENSE


@pytest.mark.long
def test_lost_equilibrium_stops_the_run_with_good_weights(
    plain: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plain iteration with too few evaluations for the equilibrium that is learnt."""
    scant = replace(plain, solver=Picard(tol=1e-3, max_nfe=8), learning_rate=5e-3, warmup=0.9)
    monkeypatch.setitem(RECIPES, "mlp", replace(scant, epochs=20, patience=60, average=0.0))
    run(request(tmp_path), as_json=True)
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert "Training stopped at update" in " ".join(printed.err.split())
    assert found["converged_fraction"] > 0.5
    assert found["accuracy"] > 0.5
    card = load_checkpoint(tmp_path).card
    assert (card.accuracy, card.epochs) == (found["accuracy"], 20)
    assert card.verdict.startswith("Training stopped at update")
    run(request(tmp_path, resume=True), as_json=True)
    assert card.verdict in " ".join(capsys.readouterr().err.split())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB: room for one checkpoint of the mlp, not for two."""
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(tmp_path)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs permission to mount a small file system")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@pytest.mark.long
def test_full_disk_stops_the_run_and_resume_continues(disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        run(request(disk / "run", epochs=3), as_json=True)
    assert ended.value.exit_code == 1
    assert "MB are free. Earlier checkpoints are intact: free disk space" in capsys.readouterr().err
    assert [path.name for path in (disk / "run/checkpoints").iterdir()] == ["20"]
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
    run(request(disk / "run", resume=True, epochs=3), as_json=True)
    assert "Resuming at update 20." in capsys.readouterr().err
    run(request(disk / "whole", epochs=3), as_json=True)
    assert (disk / "run" / WEIGHTS).read_bytes() == (disk / "whole" / WEIGHTS).read_bytes()


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a thread of Orbax remains
def test_a_file_size_limit_is_reported_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No file may exceed 100 kB: Orbax fails although there is disk space."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(typer.Exit) as ended:
            run(request(tmp_path, epochs=2), as_json=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert ended.value.exit_code == 1
    assert "Cannot write to" in capsys.readouterr().err
    run(request(tmp_path, resume=True, epochs=2), as_json=True)
    assert "starting over" in capsys.readouterr().err


def test_a_full_disk_under_a_table_is_one_line() -> None:
    done = deq("predict", "mlp", ROOT / "docs" / "digit.png", "--csv", "/dev/full")
    assert done.returncode == 1
    assert "Cannot write /dev/full: No space left on device" in done.stderr
