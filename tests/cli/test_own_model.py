"""`deq train`, `evaluate` and `predict` on a model of the user's own: a cell in a file."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from deq.models.card import CARD
from tests.cli.test_cli import KEYS, answer, deq
from tests.conftest import ROOT
from tests.support.own_model import CODE, write_model

SHORT = ("--epochs", "1", "--json")


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("code"))


@pytest.fixture(scope="module")
def run(cell: Path) -> Path:
    out = cell.parent / "run"
    assert answer(deq("train", "digits", "--model", f"{cell}:gated", *SHORT, "--out", out)).keys() == KEYS
    return out


def test_a_cell_in_a_file_is_trained_evaluated_and_used(cell: Path, run: Path) -> None:
    card = json.loads((run / CARD).read_text())
    digest = hashlib.sha256(cell.read_bytes()).hexdigest()
    assert (card["model"], card["model_sha256"]) == ("cell.py:gated", digest)
    assert str(cell.parent) not in json.dumps(card)
    found = answer(deq("evaluate", run, "--model", f"{cell}:gated", "--json"))
    assert found["accuracy"] == pytest.approx(card["accuracy"], abs=1e-9)
    assert found["accuracy"] > 0.2  # chance is 0.1
    read = answer(deq("predict", run, ROOT / "docs" / "digit.png", "--model", f"{cell}:gated", "--json"))
    assert read["predictions"][0]["converged"]


def test_no_command_runs_code_that_is_not_named_again(run: Path) -> None:
    """A file of the right name in the run's folder changes nothing."""
    (run / "cell.py").write_text("raise SystemExit('run from the folder')")
    for command in (("evaluate", run), ("predict", run, ROOT / "docs" / "digit.png")):
        done = deq(*command)
        assert done.returncode == 2
        assert "need the code of their model, cell.py:gated" in done.stderr
        assert "on the command line as --model FILE.py:FUNCTION" in done.stderr


def test_a_run_goes_on_with_its_own_code_alone(cell: Path, run: Path, tmp_path: Path) -> None:
    again = ("train", "digits", "--out", run, "--resume", *SHORT)
    assert "already finished" in deq(*again, "--model", f"{cell}:gated").stderr
    other = write_model(tmp_path, CODE.replace("0.25", "0.2"))
    refused = deq(*again, "--model", f"{other}:gated")
    assert refused.returncode == 2
    assert "with other settings (model_sha256)" in refused.stderr
    evaluated = deq("evaluate", run, "--model", f"{other}:gated", "--json")
    assert answer(evaluated)["accuracy"] > 0.2
    assert "cell.py has changed since" in evaluated.stderr.replace("cell.py:gated", "cell.py")


def test_an_interrupted_run_needs_its_code_too(cell: Path, run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / CARD).unlink()
    assert "need the code of their model, cell.py:gated" in deq("evaluate", tmp_path / "run").stderr
    done = deq("evaluate", tmp_path / "run", "--model", f"{cell}:gated", "--json")
    assert answer(done)["accuracy"] > 0.2
    assert "using its checkpoint of update" in done.stderr
    narrow = write_model(tmp_path / "narrow")
    (narrow.parent / "widths.py").write_text("WIDTH = 8")
    assert "is from another model" in deq("evaluate", tmp_path / "run", "--model", f"{narrow}:gated").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "digits", "--model", "CELL:mistyped"), r"cell.py:mistyped failed: AttributeError: "),
        (("train", "toy", "--model", "CELL:gated"), "encoder cannot read inputs of shape [1]"),
        (("train", "digits", "--model", "CELL"), "names no function"),
        (("evaluate", "mlp", "--model", "CELL:gated"), "mlp holds mlp, which deq builds: leave out --model."),
        (
            ("evaluate", "mlp", "--model", "conv"),
            "--model is for the code of your own model, FILE.py:FUNCTION",
        ),
        (("train", "digits", "--config", "TOML"), "which a settings file cannot run: name it with --model."),
    ],
)
def test_misuse_is_one_line(cell: Path, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    toml = tmp_path / "recipe.toml"
    toml.write_text(f'model = "{cell}:gated"')
    done = deq(*(word.replace("CELL", str(cell)).replace("TOML", str(toml)) for word in arguments))
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
