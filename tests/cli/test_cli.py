"""The command line: JSON keys, exit statuses, files, and resuming after a stop."""

import json
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from deq import __version__
from deq.cli import app
from deq.data import load_dataset
from deq.models.checkpoints import WEIGHTS
from tests.conftest import ROOT

SHORT = ("train", "digits", "--model", "mlp", "--epochs", "3", "--batch-size", "64", "--json")
KEYS = {"accuracy", "loss", "parameters", "seconds", "nfe_mean", "residual_mean", "converged_fraction"}


def deq(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`deq ...` in this process, whose imports and compiled programs all runs share."""
    done = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def deq_process(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`python -m deq ...` as users run it."""
    command = [sys.executable, "-m", "deq", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one JSON object on stdout."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished short run on scikit-learn's digits."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["deq", *SHORT, "--out", str(folder)])  # what the card quotes
        assert answer(deq(*SHORT, "--out", folder)).keys() == KEYS
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dark on light, light on dark at another size, a blank picture and a text file."""
    folder = tmp_path_factory.mktemp("pictures")
    digit = Image.fromarray(load_dataset("digits").test_images[3, ..., 0])
    Image.eval(digit.resize((300, 300)), lambda v: 255 - v).save(folder / "dark.jpg")
    digit.resize((64, 64)).save(folder / "light.png")
    Image.new("L", (50, 50), 255).save(folder / "blank.png")
    (folder / "text.png").write_text("not a picture")
    with zipfile.ZipFile(folder / "pack.zip", "w") as pack:
        pack.write(folder / "light.png", "light.png")
        pack.write(folder / "text.png", "\x1b[31mtext.png")
    return folder


def test_files_of_a_finished_run(run: Path) -> None:
    assert sorted(p.name for p in run.iterdir()) == ["card.json", "checkpoints", "metrics.jsonl", WEIGHTS]
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines if "validation_loss" in line] == [1, 2, 3]
    card = json.loads((run / "card.json").read_text())
    assert card["command"] == "python -m deq train digits --model mlp --epochs 3 --batch-size 64"


def test_resuming_a_finished_run_prints_its_result(run: Path) -> None:
    before = (run / WEIGHTS).read_bytes()
    result = answer(deq(*SHORT, "--out", run, "--resume"))
    assert result["accuracy"] == json.loads((run / "card.json").read_text())["accuracy"]
    assert (run / WEIGHTS).read_bytes() == before


def test_a_run_is_never_overwritten(run: Path) -> None:
    before = (run / WEIGHTS).read_bytes()
    done = deq(*SHORT, "--out", run)
    assert done.returncode == 2
    assert "--resume" in done.stderr
    assert (run / WEIGHTS).read_bytes() == before


@pytest.mark.long  # a signal to a command in this process is in test_signals.py
@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.soak)]
)  # a kill at any moment is the soak's; one of a checkpoint's writer is in test_faults.py
def test_resumed_run_ends_with_the_same_weights(run: Path, tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "deq", *SHORT, "--out", str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (tmp_path / "metrics.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(timeout=60) != 0
    answer(deq(*SHORT, "--out", tmp_path, "--resume"))
    assert (tmp_path / WEIGHTS).read_bytes() == (run / WEIGHTS).read_bytes()


def test_damaged_checkpoint_is_skipped(run: Path, tmp_path: Path) -> None:
    """The last checkpoint is truncated: the run resumes from the one before, with a warning."""
    copied = tmp_path / "copy"
    subprocess.run(["cp", "-r", run, copied], check=True)
    (copied / "card.json").unlink()
    last = max((copied / "checkpoints").iterdir(), key=lambda path: int(path.name))
    for file in (path for path in last.rglob("*") if path.is_file() and path.stat().st_size > 1000):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    done = deq(*SHORT, "--out", copied, "--resume")
    answer(done)
    assert "damaged" in done.stderr
    assert (copied / WEIGHTS).read_bytes() == (run / WEIGHTS).read_bytes()


def test_resume_with_other_settings_is_refused(run: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copy"
    subprocess.run(["cp", "-r", run, copied], check=True)
    (copied / "card.json").unlink()
    done = deq(*SHORT, "--out", copied, "--resume", "--seed", "7")
    assert done.returncode == 2
    assert "seed" in done.stderr


def test_resume_without_a_checkpoint_starts_over(run: Path, tmp_path: Path) -> None:
    done = deq(*SHORT, "--out", tmp_path, "--resume")
    assert answer(done).keys() == KEYS
    assert "starting over" in done.stderr
    assert (tmp_path / WEIGHTS).read_bytes() == (run / WEIGHTS).read_bytes()


def test_evaluate(run: Path) -> None:
    result = answer(deq("evaluate", run, "--json"))
    assert result.keys() >= KEYS
    card = json.loads((run / "card.json").read_text())
    assert result["accuracy"] == pytest.approx(card["accuracy"], abs=1e-9)
    tighter = answer(deq("evaluate", run, "--solver", "picard", "--tol", "1e-4", "--json"))
    assert tighter["residual_mean"] < 1e-4
    assert tighter["accuracy"] == pytest.approx(card["accuracy"], abs=0.01)


def test_predict_reports_every_picture_in_order(run: Path, pictures: Path) -> None:
    names = ["dark.jpg", "text.png", "light.png", "blank.png", "missing.png", "missing", "pack.zip"]
    named = [*names[:-1], "pack.zip/light.png", "pack.zip/?[31mtext.png"]
    done = deq("predict", run, *(pictures / name for name in names), "--json")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    entries = json.loads(done.stdout)["predictions"]
    assert [Path(entry["image"]) for entry in entries] == [pictures / name for name in named]
    assert ["error" in entry for entry in entries] == [False, True, False, True, True, True, False, True]
    good = entries[0]
    assert good.keys() >= {"image", "label", "probabilities", "nfe", "residual", "converged"}
    assert len(good["probabilities"]) == 10
    assert good["label"] == int(np.argmax(good["probabilities"]))
    assert (
        entries[0]["label"]
        == entries[2]["label"]
        == entries[6]["label"]
        == load_dataset("digits").test_labels[3]
    )


def test_models_lists_the_pretrained_models() -> None:
    listed = answer(deq("models", "--json"))["models"]
    assert {"toy"} <= {model["name"] for model in listed}
    assert all(model.keys() >= {"name", "dataset", "parameters", "accuracy"} for model in listed)
    table = deq("models").stdout
    assert all(model["name"] in table for model in listed)  # none is cut in 80 columns
    assert "evaluations" in table
    assert f"{100 * listed[0]['accuracy']:.2f} %" in table


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "toy", "--model", "blog"), "choose from toy"),
        (("train", "digits", "--model", "resnet"), "choose from"),
        (("train", "cifar"), "cifar"),
        (("train", "digits", "--solver", "adam"), "adam"),
        (("train", "digits", "--epochs", "0"), "epochs"),
        (("train", "digits", "--resume"), "--out"),
        (("train", "digits", "--batch-size", "100000"), "batch_size"),
        (("train", "mnist", "--data-dir", "nowhere"), "nowhere"),
        (("evaluate", "nowhere"), "nowhere"),
        (("predict", "toy", "x.png"), "toy"),
        (("train", "toy", "--data-dir", "x"), "leave out --data-dir"),
        (("train", "digits", "--data-dir", "x"), "leave out --data-dir"),
        (("evaluate", "toy", "--data-dir", "x"), "leave out --data-dir"),
        (("evaluate", "toy", "--dataset", "digits"), "is for the task toy, not for digits"),
        (("evaluate", "mlp", "--size", "9"), "--size is for prefix_sums and mazes"),
        (("train", "digits", "--coordinator", "auto"), "finds no cluster"),
        (("train", "digits", "--coordinator", "127.0.0.1:1"), "--num-processes"),
        (("train", "digits", "--num-processes", "2", "--process-id", "0"), "--coordinator"),
        (
            ("train", "digits", "--devices", "99"),
            "99 devices were asked for; available: 1.",
        ),
        (("train", "toy", "--precision", "half"), "is not one of float32, tf32, bf16"),
        (("train", "toy", "--seed", "one"), "'--seed'"),
        (("train",), "Missing argument 'TASK'"),
        (("fly",), "fly"),
    ],
    ids=str,
)
def test_wrong_usage(arguments: tuple[str, ...], message: str) -> None:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 2
    assert isinstance(done.exception, SystemExit)
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not any(word in done.stderr for word in ("Value error", "z0 must", "coordinator_address"))
    assert done.stdout == ""


def test_version_and_help() -> None:
    shown = CliRunner().invoke(app, ["--version"])
    assert (shown.exit_code, shown.stdout) == (0, f"deq {__version__}\n")
    for command in ((), ("train",), ("evaluate",), ("predict",), ("models",)):
        assert "bool" not in CliRunner().invoke(app, [*command, "--help"]).stdout


def test_the_card_names_versions_and_commit(run: Path) -> None:
    """The commit where the code is in a checkout."""
    versions = json.loads((run / "card.json").read_text())["versions"]
    assert (versions["deq"], versions["jax"]) == (__version__, jax.__version__)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    inside = (ROOT / ".git").exists() and head.returncode == 0
    assert versions.get("commit", "").removesuffix("-dirty") == (head.stdout.strip() if inside else "")
