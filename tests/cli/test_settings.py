"""Settings on the command line: where they come from, in which order, what is refused, and how runs keep them."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from deq.cli import options
from deq.cli.choices import gradients, solvers
from deq.cli.request import choose_recipe, without_folders
from deq.models import TASK_MODELS
from deq.models.card import CARD
from deq.models.checkpoints import PRETRAINED, WEIGHTS, load_checkpoint
from deq.solvers import Picard
from deq.training.recipes import CONFIGS, RECIPES, Recipe
from tests.cli.test_cli import answer, deq
from tests.conftest import ROOT

TOY = ("train", "toy", "--json", "--quiet")
CHOOSY = (*TOY, "--epochs", "30", "--keep-best", "--early-stopping", "3", "--set", "solver.tol=1e-4")


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Recipe]]:
    """The models and recipes that `deq train` would train with."""
    found: list[tuple[str, Recipe]] = []
    monkeypatch.setattr("deq.cli.train.run", lambda request, as_json: found.append(choose_recipe(request)))
    return found


@pytest.mark.parametrize("name", RECIPES)
def test_a_printed_recipe_trains_the_same(name: str, chosen: list, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(deq("models", name).stdout)
    task = next((task for task, model in TASK_MODELS.items() if model == name), "mnist")
    assert deq("train", task, "--config", tmp_path / "my.toml").returncode == 0
    assert chosen == [(name, RECIPES[name])]
    printed = answer(deq("models", name, "--json"))
    assert (printed["model"], printed["epochs"]) == (name, RECIPES[name].epochs)


def test_the_file_changes_the_recipe_and_options_change_both(chosen: list, tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text(
        'model = "blog"\nlearning_rate = 0.5\nepochs = 7\nprecision = "bf16"\n[solver]\ntype = "Picard"'
    )
    deq("train", "mnist", "--config", file, "--lr", "1e-2", "--set", "solver.tol=1e-2", "--set", "warmup=0.5")
    deq("train", "mnist", "--config", file, "--model", "mlp", "--lr", "0.5", "--set", "learning_rate=5e-1")
    blog, mlp = (replace(RECIPES[name], epochs=7, precision="bf16") for name in ("blog", "mlp"))
    assert chosen == [
        ("blog", replace(blog, solver=Picard(tol=1e-2), learning_rate=0.01, warmup=0.5)),
        ("mlp", replace(mlp, solver=Picard(tol=1e-3), learning_rate=0.5)),
    ]


@pytest.mark.parametrize("name", CONFIGS["fast"])
def test_a_shipped_config_is_taken_by_its_name(name: str, chosen: list) -> None:
    command = ("train", "mnist", "--model", name, "--config", "fast")
    assert deq(*command).returncode == deq(*command, "--epochs", "1").returncode == 0
    fast = CONFIGS["fast"][name]
    assert chosen == [(name, fast), (name, replace(fast, epochs=1))]
    assert fast.epochs < RECIPES[name].epochs


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--set", "epoch=3"), "Unknown setting 'epoch'; did you mean epochs?"),
        (("--set", "solver.tol=small"), "solver.tol must be a number; got 'small'."),
        (("--set", "epochs"), "--set takes KEY=VALUE, such as solver.tol=1e-4; got 'epochs'."),
        (("--set", "epochs=3", "--set", "epochs=4"), "epochs has two values, 3 and 4: leave one out."),
        (("--set", "epochs=3", "--epochs", "4"), "--set epochs=3 contradicts --epochs 4: leave one out."),
        (("--set", "learning_rate=3", "--lr", "4"), "--set learning_rate=3 contradicts --lr 4.0"),
        (("--set", "solver.type=Picard", "--solver", "anderson"), "contradicts --solver anderson"),
        (("--set", "solver=picard", "--baseline", "explicit"), "--baseline replaces solver and gradient"),
        (("--config", "missing.toml"), "Cannot read missing.toml"),
        (("--config", "fast"), "There is no fast recipe for toy; choose from mlp, conv."),
        (
            ("--init", "missing"),
            "'missing' is neither a safetensors file, a run folder nor a pretrained model",
        ),
        (("--init", "mlp"), "These weights are not those of toy: they differ in cell."),
        (("--set", "augmentation=true"), "augmentation distorts grey pictures, and toy has none"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_one_line(options: tuple[str, ...], message: str) -> None:
    done = deq(*TOY, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_errors_in_a_file_name_the_file_and_the_key(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text("[solver]\nmax_nffe = 1")
    done = deq(*TOY, "--config", tmp_path / "my.toml")
    assert done.returncode == 2
    assert (
        done.stderr
        == f"Error: {tmp_path}/my.toml: Unknown setting 'solver.max_nffe'; did you mean solver.max_nfe?\n"
    )


@pytest.fixture(scope="module")
def best(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the toy that stops early and keeps its best epoch."""
    folder = tmp_path_factory.mktemp("runs") / "best"
    done = deq(*CHOOSY, "--out", folder)
    card, found = load_checkpoint(folder).card, answer(done)
    assert 0 < found["best_epoch"] == card.best_epoch < 27
    assert f"after epoch {card.best_epoch + 3}: no better validation loss for 3 epochs." in card.verdict
    assert done.stderr.replace("\n", "") == card.verdict
    assert card.recipe["solver"]["tol"] == 1e-4
    return folder


def test_the_best_epoch_is_that_of_the_metrics(best: Path) -> None:
    lines = [json.loads(line) for line in (best / "metrics.jsonl").read_text().splitlines()]
    losses = [line["validation_loss"] for line in lines if "validation_loss" in line]
    assert load_checkpoint(best).card.best_epoch == int(np.argmin(losses)) + 1


@pytest.mark.parametrize("lost", [0, 1])
def test_a_resumed_run_keeps_the_same_epoch(best: Path, tmp_path: Path, lost: int) -> None:
    """Stopped before its result was written, and one epoch earlier."""
    copy = Path(shutil.copytree(best, tmp_path / "copy"))
    for name in (CARD, WEIGHTS):
        (copy / name).unlink()
    steps = sorted((copy / "checkpoints").iterdir(), key=lambda path: int(path.name))
    for path in steps[len(steps) - lost :]:
        shutil.rmtree(path)
    answer(deq(*CHOOSY, "--out", copy, "--resume"))
    assert (copy / WEIGHTS).read_bytes() == (best / WEIGHTS).read_bytes()
    assert load_checkpoint(copy).card.verdict == load_checkpoint(best).card.verdict


def test_a_run_with_other_choices_is_not_resumed(best: Path) -> None:
    done = deq(*TOY, "--epochs", "30", "--set", "solver.tol=1e-4", "--out", best, "--resume")
    assert done.returncode == 2
    assert "other settings (early_stopping, keep_best)" in done.stderr


@pytest.mark.parametrize("source", ["toy", PRETRAINED / "toy", PRETRAINED / "toy" / WEIGHTS], ids=str)
def test_training_starts_from_given_weights(source: str | Path, tmp_path: Path) -> None:
    """A learning rate of 0 leaves them as they are; --resume asks for the same ones."""
    still = (*TOY, "--epochs", "1", "--lr", "0", "--out", tmp_path)
    assert answer(deq(*still, "--init", source)).keys() >= {"loss"}
    ours, theirs = (safetensors.numpy.load_file(path / WEIGHTS) for path in (tmp_path, PRETRAINED / "toy"))
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    assert "init" in deq(*still, "--resume").stderr


def test_a_quiet_run_prints_its_result_alone() -> None:
    done = deq("train", "toy", "--epochs", "20", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert "prediction at minus 5" in done.stdout


def test_cards_quote_the_names_of_files_alone() -> None:
    command = (
        "train toy --config a/my.toml --init b/w.safetensors --out c --data-dir=d --quiet --set a=b --lr=1"
    )
    wanted = "train toy --config my.toml --init w.safetensors --set a=b --lr 1"
    assert without_folders(command.split()) == wanted.split()


def test_help_names_every_solver_and_gradient_without_jax() -> None:
    code = "import sys; from deq.cli import options; print('jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    for written, known in ((options.SOLVER_NAMES, solvers()), (options.GRADIENT_NAMES, gradients())):
        assert written.replace(" or ", ", ").split(", ") == known
