"""Resumed and interrupted runs: what is refused, what trains on, and what evaluates the last checkpoint."""

import json
import os
import shutil
from pathlib import Path

import pytest

from deq.cli.train import stop_signals
from deq.models.card import CARD
from deq.models.checkpoints import WEIGHTS, load_checkpoint
from tests.cli.test_cli import answer, deq

TOY = ("train", "toy", "--json")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 200 epochs of one update."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    answer(deq(*TOY, "--epochs", "200", "--out", folder))
    return folder


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        (("--seed", "7"), "seed: 0 there, 7 here"),
        (("--batch-size", "5"), "batch_size: 10 there, 5 here"),
        (("--solver", "picard"), "solver.type: Anderson there, Picard here"),
        (("--epochs", "100"), "epochs: 200 there, 100 here"),
        (("--epochs", "300", "--seed", "7"), "seed: 0 there, 7 here"),
    ],
    ids=str,
)
def test_a_finished_run_of_other_settings_is_refused(
    finished: Path, options: tuple[str, ...], difference: str
) -> None:
    before = (finished / WEIGHTS).read_bytes()
    epochs = () if "--epochs" in options else ("--epochs", "200")
    done = deq(*TOY, *epochs, *options, "--out", finished, "--resume")
    assert done.returncode == 2
    assert difference in done.stderr
    assert done.stdout == ""
    assert (finished / WEIGHTS).read_bytes() == before


def test_a_refused_folder_is_left_as_it_is(finished: Path, tmp_path: Path) -> None:
    (tmp_path / CARD).write_bytes((finished / CARD).read_bytes())
    done = deq(*TOY, "--epochs", "200", "--out", tmp_path)
    assert done.returncode == 2
    assert "already holds a run" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [CARD]
    assert deq(*TOY, "--devices", "99", "--out", tmp_path / "new").returncode == 2
    assert not (tmp_path / "new").exists()


def test_more_epochs_train_on(copy: Path) -> None:
    """And the seconds are those of the whole run."""
    lines = (copy / "metrics.jsonl").read_text().splitlines()
    earlier = [json.loads(line) | {"seconds": 1000.0} for line in lines]  # as if the first part had been slow
    (copy / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in earlier))
    done = deq(*TOY, "--epochs", "300", "--out", copy, "--resume")
    found = answer(done)
    assert "Resuming at update 200. The learning rate warms up again after epoch 200." in done.stderr
    card = load_checkpoint(copy).card
    assert card.recipe["restarts"] == [200]
    assert (card.epochs, card.seconds) == (300, found["seconds"])
    last = json.loads((copy / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["step"] == 300
    assert 1000 < last["seconds"] <= found["seconds"]
    assert answer(deq(*TOY, "--epochs", "300", "--out", copy, "--resume")) == found


def test_an_interrupted_run_is_evaluated_at_its_last_checkpoint(copy: Path) -> None:
    finished = answer(deq("evaluate", copy, "--json"))
    (copy / CARD).unlink()
    (copy / WEIGHTS).unlink()
    done = deq("evaluate", copy, "--json")
    assert "checkpoint of update 200" in done.stderr
    found = answer(done)
    assert (found["loss"], found["dataset"]) == (pytest.approx(finished["loss"]), "toy")
    assert not (copy / CARD).exists()


def test_damaged_checkpoints_are_no_model_and_no_traceback(copy: Path) -> None:
    """Orbax would print a traceback of its event loop for a file that is cut."""
    (copy / CARD).unlink()
    for file in (path for path in (copy / "checkpoints").rglob("*") if path.is_file()):
        os.truncate(file, file.stat().st_size // 2)
    evaluated = deq("evaluate", copy, "--json")
    assert evaluated.returncode == 2
    assert "neither a finished run nor an intact checkpoint" in evaluated.stderr
    resumed = deq(*TOY, "--epochs", "20", "--out", copy, "--resume")
    answer(resumed)
    assert "starting over" in resumed.stderr
    for printed in (evaluated.stderr, resumed.stderr):
        assert not any(word in printed for word in ("Traceback", "Event loop", "absl", "asyncio"))


def test_a_run_says_what_it_trains_and_a_line_an_epoch() -> None:
    done = deq("train", "digits", "--model", "mlp", "--epochs", "2", "--batch-size", "64", "--json")
    answer(done)
    first, *epochs = done.stderr.splitlines()
    assert first.startswith("Training mlp (134,538 parameters) on digits (1,294 examples): 40 updates on 1 ")
    assert [line.split(",")[0] for line in epochs] == ["epoch 1 of 2", "epoch 2 of 2"]


def test_signals_are_restored() -> None:
    import signal

    before = signal.getsignal(signal.SIGTERM)
    with stop_signals() as caught:
        os.kill(os.getpid(), signal.SIGTERM)
        assert caught == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) == before
