"""Models of the user's own: from a file, and through a checkpoint."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from flax import nnx

from deq import load_checkpoint, save_checkpoint
from deq.models import CheckpointError, EquilibriumModel, build, count_parameters
from deq.models.card import CARD
from deq.models.inference import reads_pictures
from deq.models.model_file import ADMITTED, fresh, load_model_file
from deq.models.weights import CODE, model_name, restore_weights, weights_of
from deq.solvers import Anderson
from tests.support.own_model import write_model

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1)).astype(np.uint8)


@pytest.fixture
def cell(tmp_path: Path) -> Path:
    return write_model(tmp_path / "code")


def test_a_file_s_function_builds_its_model_and_nothing_is_written_beside_it(cell: Path) -> None:
    before = list(sys.path)
    file = load_model_file(f"{cell}:gated")
    assert (file.name, len(file.sha256)) == ("cell.py:gated", 64)
    first, second = fresh(file.name, file.make, 3), fresh(file.name, file.make, 3)
    assert np.array_equal(first(PICTURES)[0], second(PICTURES)[0])
    assert reads_pictures(first)
    assert not reads_pictures(build("toy"))
    assert sys.path == before
    assert sorted(path.name for path in cell.parent.glob("*.py")) == ["cell.py", "widths.py"]
    assert not list(cell.parent.glob("__pycache__/cell*"))


def made(name: str) -> EquilibriumModel:
    file = load_model_file(name)
    return fresh(file.name, file.make)


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("cell.py", None, "names no function: write FILE.py:FUNCTION"),
        ("cell.py:", None, "names no function"),
        ("cell.py:gate", None, "has no function 'gate'; it has gated, broken, mistyped"),
        ("nowhere.py:gated", None, "Cannot read"),
        ("cell.py:gated", "def gated(:", r"cannot be run: SyntaxError: .*line 1"),
        ("cell.py:gated", "import nothing_here", r"cannot be run: ModuleNotFoundError: .* \(line 1\)"),
        ("cell.py:gated", "exit(3)", "cannot be run: SystemExit: 3"),
        ("cell.py:gated", "x = 1\n\ndef gated(*, rngs):\n    return y", r"NameError: .* \(line 4\)\.$"),
        ("cell.py:gated", "def gated():\n    return 1", "TypeError: .*rngs"),
        (
            "cell.py:gated",
            "def gated(*, rngs):\n    raise ValueError('no')",
            r"failed: ValueError: no \(line 2\)",
        ),
        ("cell.py:broken", None, "must return an EquilibriumModel, not GatedCell"),
    ],
)
def test_what_is_wrong_with_code_is_one_line(cell: Path, name: str, code: str | None, message: str) -> None:
    if code is not None:
        cell.write_text(code)
    with pytest.raises(ValueError, match=message) as caught:
        made(str(cell.parent / name))
    assert "\n" not in str(caught.value)


def test_a_model_of_one_s_own_is_saved_in_a_line_and_loaded_in_another(cell: Path, tmp_path: Path) -> None:
    make = load_model_file(f"{cell}:gated").make
    model = make(rngs=nnx.Rngs(5))
    model.temperature = 1.5
    save_checkpoint(tmp_path / "mine", model)
    found = load_checkpoint(tmp_path / "mine", build=make)
    assert np.array_equal(found.model(PICTURES)[0], model(PICTURES)[0])
    assert (found.card.parameters, found.card.accuracy) == (count_parameters(model), None)
    assert (found.model.temperature, found.solver) == (1.5, Anderson())
    json.loads((tmp_path / "mine" / CARD).read_text(), parse_constant=pytest.fail)  # no NaN
    with pytest.raises(
        CheckpointError, match="need the code of their model: pass its function, in Python as build="
    ):
        load_checkpoint(tmp_path / "mine")
    with pytest.raises(CheckpointError, match="not those of this model"):
        load_checkpoint(tmp_path / "mine", build=lambda *, rngs: build("toy"))


def test_weights_name_their_code_and_are_read_where_it_was_admitted(
    cell: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = load_model_file(f"{cell}:gated")
    model = fresh(file.name, file.make, 2)
    data = weights_of(model, code=file.name)
    assert model_name(data) == "cell.py:gated"
    with pytest.raises(CheckpointError, match=r"need the code of their model, cell\.py:gated"):
        restore_weights(model_name(data), data)
    monkeypatch.setitem(ADMITTED, file.name, file.make)
    assert np.array_equal(restore_weights(file.name, data)(PICTURES)[0], model(PICTURES)[0])


@pytest.mark.parametrize("name", ["x" * 300 + ".py:f", "cell.py:f\n[link](x)", "no code", ""])
def test_a_hostile_name_of_code_is_refused(name: str) -> None:
    data = safetensors.numpy.save({"kernel": np.ones(2, np.float32)}, {CODE: name})
    with pytest.raises(CheckpointError, match="code is invalid"):
        model_name(data)
