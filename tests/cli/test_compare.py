"""`deq compare`: contenders from their texts, JSON, the table, the picture, and going on where it stopped."""

import json
import math
import signal
from pathlib import Path

import pytest

from deq.cli.contenders import split
from deq.models.card import CARD
from deq.models.checkpoints import WEIGHTS
from deq.training.comparison import FIGURES
from tests.cli.test_cli import answer, deq
from tests.support.stopping import fault_of, stop_when

# They differ in what needs no new compilation.
TOY = (
    "compare",
    "toy",
    "--model",
    "toy",
    "--model",
    "toy epochs=10",
    "--set",
    "epochs=20",
    "--set",
    "patience=7",
)


@pytest.mark.parametrize(
    ("text", "model", "settings"),
    [
        ("mlp", "mlp", []),
        ("mlp gradient=phantom  solver.tol=1e-2", "mlp", ["gradient=phantom", "solver.tol=1e-2"]),
        ("my cells/gated one.py:gated epochs=3", "my cells/gated one.py:gated", ["epochs=3"]),
        ("a b=c d", "a b=c d", []),
        ("gradient=phantom", "gradient=phantom", []),
    ],
)
def test_settings_are_taken_from_the_right(text: str, model: str, settings: list[str]) -> None:
    assert split(text) == (model, settings)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two contenders, two seeds each."""
    folder = tmp_path_factory.mktemp("compared")
    picture = folder / "picture.html"
    done = deq(*TOY, "--seeds", "2", "--out", folder / "runs", "--picture", picture, "--json")
    (folder / "answer.json").write_text(json.dumps(answer(done)))
    (folder / "progress.txt").write_text(done.stderr)
    return folder


def test_json_has_mean_spread_and_every_run(folder: Path) -> None:
    found = json.loads((folder / "answer.json").read_text())
    assert (found["task"], found["seeds"], found["scored_by"]) == ("toy", 2, "loss")
    plain, short = found["contenders"]
    assert (plain["name"], short["name"]) == ("toy", "toy epochs=10")
    assert (plain["settings"]["epochs"], short["settings"]["epochs"]) == (20, 10)
    assert plain["settings"]["patience"] == short["settings"]["patience"] == 7
    assert "seed" not in plain["settings"]
    assert plain["mean"].keys() == plain["std"].keys() == set(FIGURES)
    losses = [run["loss"] for run in plain["runs"]]
    assert [run["seed"] for run in plain["runs"]] == [0, 1]
    assert plain["mean"]["loss"] == pytest.approx(sum(losses) / 2)
    assert plain["std"]["loss"] == pytest.approx(abs(losses[0] - losses[1]) / math.sqrt(2))
    assert plain["mean"]["accuracy"] is None
    assert plain["mean"]["parameters"] == 16


def test_a_line_a_run_and_a_run_folder_each(folder: Path) -> None:
    lines = (folder / "progress.txt").read_text().splitlines()
    assert lines[0] == "Comparing toy, toy epochs=10 on toy; runs in all: 4."
    assert [line.split(":")[0] for line in lines[1:]] == [f"run {k} of 4" for k in (1, 2, 3, 4)]
    assert ": toy epochs=10, seed 1: loss" in lines[-1]
    names = sorted(path.name for path in (folder / "runs").iterdir())
    assert names == [f"toy{more}-seed{k}" for more in ("-epochs=10", "") for k in (0, 1)]
    assert all((folder / "runs" / name / WEIGHTS).exists() for name in names)
    assert "Plotly" in (folder / "picture.html").read_text()


def test_what_is_finished_is_read_and_what_is_missing_trained(folder: Path) -> None:
    whole = json.loads((folder / "answer.json").read_text())
    resume = (*TOY, "--seeds", "2", "--out", folder / "runs", "--resume", "--json")
    assert answer(deq(*resume)) == whole
    (folder / "runs" / "toy-seed1" / CARD).unlink()
    kept = (folder / "runs" / "toy-seed0" / CARD).stat().st_mtime_ns
    again = answer(deq(*resume))
    assert (folder / "runs" / "toy-seed1" / CARD).exists()
    assert (folder / "runs" / "toy-seed0" / CARD).stat().st_mtime_ns == kept
    figures = [[run["loss"] for run in one["runs"]] for one in again["contenders"]]
    assert figures == [[run["loss"] for run in one["runs"]] for one in whole["contenders"]]


def test_the_table_has_a_row_a_contender_and_one_seed_no_spread() -> None:
    done = deq(*TOY, "--seeds", "1", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert "±" not in done.stdout
    assert "One seed has no spread" in done.stdout
    assert max(map(len, done.stdout.splitlines()[:-2])) <= 80
    assert answer(deq(*TOY, "--seeds", "1", "--json"))["contenders"][0]["std"]["loss"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("toy", "--model", "mlp"), "mlp: Model 'mlp' cannot learn toy"),
        (("digits", "--model", "mlp", "--model", "mlp"), "named twice"),
        (("digits", "--model", "mlp", "--model", "mlp gradeint=phantom"), "did you mean gradient"),
        (("digits", "--model", "mlp", "--set", "epochs=3", "--epochs", "2"), "contradicts --epochs"),
        (("digits", "--model", "mlp", "--seeds", "0"), "seeds"),
        (("digits", "--model", "mlp", "--picture", "x.png"), ".html"),
        (("digits", "--model", "mlp", "--picture", "nowhere/x.html"), "nowhere"),
        (("digits", "--model", "mlp", "--resume"), "--out"),
        (("digits", "--model", "mlp", "--data-dir", "x"), "leave out --data-dir"),
        (("digits", "--model", "mlp", "--reader", "plain"), "needs neither"),
        (("digits",), "--model"),
    ],
    ids=str,
)
def test_wrong_usage_is_refused_before_the_first_run(arguments: tuple[str, ...], message: str) -> None:
    done = deq("compare", *arguments, "--json")
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "run 1" not in done.stderr
    assert done.stdout == ""


def test_folders_of_other_runs_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "toy-seed1").mkdir()
    done = deq(*TOY, "--seeds", "2", "--out", tmp_path)
    assert done.returncode == 2
    assert "add --resume" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["toy-seed1"]


@pytest.mark.long
def test_a_stopped_comparison_goes_on(tmp_path: Path) -> None:
    command = ("compare", "toy", "--model", "toy", "--seeds", "3", "--epochs", "20000", "--json")
    second = tmp_path / "toy-seed1" / "metrics.jsonl"
    done = stop_when(second.exists, signal.SIGINT, tmp_path, *command)
    assert fault_of(done, signal.SIGINT) is None
    again = answer(deq(*command, "--out", tmp_path, "--resume"))
    assert [run["seed"] for run in again["contenders"][0]["runs"]] == [0, 1, 2]
