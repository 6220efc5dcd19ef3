"""`deq train`, `evaluate` and `predict` on a user's own data: pictures in folders, arrays and tables."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from deq.cli import app
from deq.data import Form
from deq.models import load_checkpoint
from deq.models.card import CARD
from deq.models.checkpoints import WEIGHTS
from deq.models.weights import architecture_of, form_of
from tests.cli.test_cli import KEYS, answer, deq
from tests.pages.conftest import metrics, open_by_link
from tests.support.own_data import write_csv, write_folder, write_npz

SHORT = ("--epochs", "4", "--batch-size", "35", "--json")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same digits as a folder, a .npz and a .csv, and the runs that were trained on them."""
    folder = tmp_path_factory.mktemp("own")
    write_folder(folder / "pictures")
    write_npz(folder / "arrays.npz")
    write_csv(folder / "table.csv")
    return folder


@pytest.fixture(scope="module")
def pictures_run(data: Path) -> Path:
    out = data / "pictures_run"
    assert answer(deq("train", data / "pictures", "--reader", "plain", *SHORT, "--out", out)).keys() == KEYS
    return out


@pytest.fixture(scope="module")
def table_run(data: Path) -> Path:
    out = data / "table_run"
    done = deq("train", data / "table.csv", *SHORT, "--out", out)
    assert answer(done).keys() == KEYS
    assert done.stderr.count("Split 195 examples: 137 for training, 19 for validation, 39 for testing.") == 1
    return out


def test_a_folder_of_digits_is_learnt_by_the_mlp(data: Path, pictures_run: Path) -> None:
    card = load_checkpoint(pictures_run).card
    assert (card.model, card.dataset) == ("mlp", str(data / "pictures"))
    assert (card.classes, card.inputs["reader"]) == (list("0123456789"), "plain")
    assert form_of((pictures_run / WEIGHTS).read_bytes()) == Form(tuple(card.classes), "plain")
    found = answer(deq("evaluate", pictures_run, "--json"))
    assert found["accuracy"] == pytest.approx(card.accuracy, abs=1e-9)
    assert found["accuracy"] > 0.2  # chance is 0.1


@pytest.fixture(scope="module")
def arrays_run(data: Path) -> dict[str, Any]:
    """What training on arrays.npz reports; its run is in data / "arrays_run"."""
    return answer(deq("train", data / "arrays.npz", *SHORT, "--out", data / "arrays_run"))


@pytest.mark.long
def test_arrays_are_learnt_as_pictures_are(
    data: Path, pictures_run: Path, arrays_run: dict[str, Any]
) -> None:
    found = answer(deq("evaluate", pictures_run, "--dataset", data / "arrays.npz", "--json"))
    assert (found["dataset"], found["model"]) == ("arrays.npz", "mlp")
    trained = arrays_run
    assert trained["accuracy"] > 0.2
    assert load_checkpoint(data / "arrays_run").card.inputs["reader"] == "plain"


@pytest.mark.long
def test_a_table_is_learnt_by_a_model_of_its_width(table_run: Path) -> None:
    card = load_checkpoint(table_run).card
    assert (card.model, card.classes[3], len(card.inputs["mean"])) == ("dense", "digit 3", 16)
    described = architecture_of((table_run / "weights.safetensors").read_bytes())
    assert (described.inputs, described.outputs) == (16, 10)
    found = answer(deq("evaluate", table_run, "--json"))
    assert found["accuracy"] == pytest.approx(card.accuracy, abs=1e-9)
    assert found["accuracy"] > 0.2


@pytest.mark.long
def test_what_was_trained_on_own_data_opens_in_the_page(
    data: Path, pictures_run: Path, table_run: Path
) -> None:
    picture = sorted((data / "pictures" / "test" / "3").iterdir())[0]
    read = answer(deq("predict", pictures_run, picture, "--json"))["predictions"][0]
    page = open_by_link("predict")
    page.file_uploader(key="predict_weights").upload(
        "mine.safetensors", (pictures_run / WEIGHTS).read_bytes()
    )
    page.file_uploader(key="upload").upload("three.png", picture.read_bytes(), "image/png").run()
    assert not page.exception
    assert page.selectbox(key="model").value == "mine (uploaded)"
    assert metrics(page)["Prediction"] == read["class"]
    page = open_by_link("train")
    page.file_uploader(key="fit_upload").upload("mine.safetensors", (table_run / WEIGHTS).read_bytes()).run()
    assert not page.exception
    assert any("16 inputs, 10 outputs" in text.value for text in page.markdown)


@pytest.mark.long
def test_the_last_checkpoint_of_an_interrupted_run_knows_its_data(table_run: Path, tmp_path: Path) -> None:
    shutil.copytree(table_run, tmp_path / "run")
    (tmp_path / "run" / "card.json").unlink()
    done = deq("evaluate", tmp_path / "run", "--json")
    assert answer(done)["accuracy"] > 0.2
    assert "using its checkpoint of update" in done.stderr


@pytest.mark.long
def test_a_run_is_resumed_on_the_same_data_alone(data: Path, table_run: Path) -> None:
    table = data / "table.csv"
    before = table.read_text()
    same = (*SHORT, "--out", table_run, "--resume")
    assert "already finished" in deq("train", table, *same).stderr
    try:
        table.write_text(before.replace("digit 7", "digit 8", 1))
        changed = deq("train", table, *same)
        evaluated = deq("evaluate", table_run, "--json")
    finally:
        table.write_text(before)
    assert changed.returncode == 2
    assert "data.inputs.sha256" in changed.stderr
    assert "has changed since training" in evaluated.stderr


def test_predict_reads_folders_and_standard_input(data: Path, pictures_run: Path, tmp_path: Path) -> None:
    folder = data / "pictures" / "test" / "3"
    done = deq("predict", pictures_run, folder, "--json")
    entries = answer(done)["predictions"]
    assert [Path(entry["image"]) for entry in entries] == sorted(folder.iterdir())
    assert all(entry["class"] == str(entry["label"]) for entry in entries)
    one = sorted(folder.iterdir())[0]
    piped = CliRunner().invoke(app, ["predict", str(pictures_run), "-"], input=one.read_bytes())
    assert piped.stdout.startswith(f"-: {entries[0]['class']} (")
    (tmp_path / "empty").mkdir()
    nothing = deq("predict", pictures_run, tmp_path / "empty", "--json")
    assert nothing.returncode == 1
    assert "holds no pictures" in json.loads(nothing.stdout)["predictions"][0]["error"]


def test_predict_writes_a_line_a_picture(data: Path, pictures_run: Path, tmp_path: Path) -> None:
    """More than a batch, with one that cannot be read among them."""
    folder = tmp_path / "many"
    shutil.copytree(data / "pictures" / "test", folder)
    (folder / "0" / "broken.png").write_bytes(b"")
    done = deq("predict", pictures_run, folder, "--csv", tmp_path / "out.csv")
    assert (done.returncode, done.stdout) == (1, "")
    assert ": 41; errors: 1." in " ".join(done.stderr.split())
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [str(path) for path in sorted(folder.rglob("*.png"))]
    assert list(rows[0]) == ["name", "class", "label", "probability", "nfe", "residual", "converged", "error"]
    assert [row["error"][:9] for row in rows if row["error"]] == ["The file "]
    assert all(0 < float(row["probability"]) <= 1 for row in rows if not row["error"])
    assert deq("predict", pictures_run, folder, "--csv", tmp_path / "no" / "out.csv").returncode == 2


@pytest.mark.long
def test_predict_reads_the_rows_of_a_table(data: Path, table_run: Path, tmp_path: Path) -> None:
    lines = (data / "table.csv").read_text().splitlines()
    whole, bare = tmp_path / "whole.csv", tmp_path / "bare.csv"
    whole.write_text("\n".join(lines[:4]) + "\n")
    bare.write_text("\n".join(line.rpartition(",")[0] for line in lines[1:4]) + "\n")
    labelled = answer(deq("predict", table_run, whole, "--json"))["predictions"]
    assert [entry["image"] for entry in labelled] == [f"{whole}/{i}" for i in (1, 2, 3)]
    assert all(entry["class"] == f"digit {entry['label']}" for entry in labelled)
    without = answer(deq("predict", table_run, bare, "--json"))["predictions"]
    assert [entry["probabilities"] for entry in without] == [entry["probabilities"] for entry in labelled]
    bare.write_text("1,2\n")
    refused = deq("predict", table_run, bare, "docs/digit.png", "--json")
    assert refused.returncode == 1
    errors = [entry["error"] for entry in json.loads(refused.stdout)["predictions"]]
    assert "has 2 columns, and the model takes 16" in errors[0]
    assert "trained on vectors" in errors[1]


@pytest.mark.long
@pytest.mark.parametrize("inputs", [{}, {"reader": "tea leaves"}, {"mean": [1.0]}, {"mean": 3}, [1]], ids=str)
def test_a_card_that_does_not_say_how_its_inputs_are_read(
    table_run: Path, tmp_path: Path, inputs: object
) -> None:
    for path in (table_run / WEIGHTS, table_run / CARD):
        shutil.copy(path, tmp_path)
    card = json.loads((tmp_path / CARD).read_text()) | {"inputs": inputs}
    (tmp_path / CARD).write_text(json.dumps(card))
    for command in (("predict", tmp_path, "docs/digit.png"), ("evaluate", tmp_path)):
        done = deq(*command)
        assert done.returncode == 2
        assert "The card does not say how its inputs are read" in done.stderr


def noise(path: Path, name: str) -> None:
    """Two dark blots, which the reader of digits would cut out one by one."""
    picture = np.full((60, 60), 230, np.uint8)
    picture[10:50, 8:18] = picture[10:50, 40:50] = 20
    Image.fromarray(picture).save(path / name)


@pytest.mark.usefixtures("arrays_run")
def test_a_model_of_other_things_looks_for_no_digits(tmp_path: Path, data: Path) -> None:
    noise(tmp_path, "two.png")
    found = answer(deq("predict", data / "arrays_run", tmp_path / "two.png", "--json"))["predictions"]
    assert "digits" not in found[0]
    assert len(answer(deq("predict", "mlp", tmp_path / "two.png", "--json"))["predictions"][0]["digits"]) == 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("train", "{}/arrays.npz", "--batch-size", "500"),
            "choose a smaller one, such as --set batch_size=32",
        ),
        (("train", "{}/table.csv", "--model", "mlp"), "is for pictures in ten classes"),
        (("train", "{}/table.csv", "--model", "resnet"), "choose from dense"),
        (("train", "{}/table.csv", "--label", "nothing"), "no column 'nothing'"),
        (("train", "{}/pictures", "--data-dir", "x"), "leave out --data-dir"),
        (("train", "{}/pictures", "--reader", "tea leaves"), "is not one of digits, plain"),
        (("train", "digits", "--reader", "plain"), "your own data"),
        (("train", "{}/table.csv", "--reader", "plain"), "leave out --reader"),
        (("train", "{}/arrays.npz", "--label", "y"), "leave out --label"),
        (("train", "{}/nowhere.csv"), "does not exist"),
        (("train", "{}/table_run/card.json"), "neither a folder of pictures"),
        (("train", "{}"), "no picture can be read"),
        (("evaluate", "mlp", "--dataset", "{}/table.csv"), "is not a class of the training set"),
        (("evaluate", "toy", "--dataset", "{}/table.csv"), "is for the task toy, not for"),
        (("evaluate", "{}/table_run", "--dataset", "{}/pictures"), "is not a class of the training set"),
        (("evaluate", "{}/table_run", "--dataset", "digits"), "cannot read inputs"),
    ],
    ids=str,
)
def test_what_is_refused(data: Path, table_run: Path, arguments: tuple[str, ...], message: str) -> None:
    done = deq(*(argument.replace("{}", str(data)) for argument in arguments), "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_all_digits_are_learnt_well(tmp_path: Path) -> None:
    """The recipe as it stands on scikit-learn's digits: as pictures, and as 16 numbers each."""
    write_folder(tmp_path / "pictures", train=1437, test=360)
    write_csv(tmp_path / "table.csv", rows=1437)
    assert answer(deq("train", tmp_path / "pictures", "--reader", "plain", "--json"))["accuracy"] > 0.93
    assert answer(deq("train", tmp_path / "table.csv", "--json"))["accuracy"] > 0.8
