"""A learned start on the command line: trained, stored, continued, and evaluated with and without."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deq.cli.predict import _predict
from deq.data import load_dataset
from deq.gradients import Unrolled
from deq.models.card import CARD
from deq.models.checkpoints import WEIGHTS, Checkpoint, load_pretrained
from deq.models.settings import to_dict
from tests.cli.test_cli import answer, deq

pytestmark = pytest.mark.long

TOY = ("train", "toy", "--json", "--quiet", "--epochs", "40")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "toy"
    answer(deq(*TOY, "--set", "learned_start=true", "--out", folder))
    return folder


def test_the_card_says_so_and_counts_its_parameters(run: Path) -> None:
    card = json.loads((run / CARD).read_text())
    assert (card["learned_start"], card["recipe"]["learned_start"], card["parameters"]) == (
        True,
        True,
        16 + 4,
    )


def test_evaluate_with_and_without(run: Path) -> None:
    learned, plain = (
        answer(deq("evaluate", run, "--tol", "1e-5", "--json", *more)) for more in ((), ("--plain-start",))
    )
    assert (learned["parameters"], plain["parameters"]) == (20, 16)
    assert learned["loss"] == pytest.approx(plain["loss"], rel=1e-2)
    assert (learned["converged_fraction"], plain["converged_fraction"]) == (1, 1)


def test_without_a_learned_start_there_is_nothing_to_leave_out() -> None:
    done = deq("evaluate", "toy", "--plain-start")
    assert done.returncode == 2
    assert "has no learned start" in done.stderr


def test_an_interrupted_run_and_one_that_goes_on(run: Path) -> None:
    (run / CARD).rename(run / "aside")
    interrupted = answer(deq("evaluate", run, "--json"))
    (run / "aside").rename(run / CARD)
    assert interrupted["parameters"] == 20
    longer = deq(
        "train",
        "toy",
        "--json",
        "--quiet",
        "--epochs",
        "50",
        "--set",
        "learned_start=true",
        "--resume",
        "--out",
        run,
    )
    assert answer(longer)["parameters"] == 20


def test_initial_weights_and_baselines(run: Path) -> None:
    done = deq(*TOY, "--init", run / WEIGHTS)
    assert (done.returncode, "learned_start=true" in done.stderr) == (2, True)
    begun = answer(deq(*TOY, "--init", run / WEIGHTS, "--set", "learned_start=true"))
    assert begun["parameters"] == 20
    plain = deq(*TOY, "--baseline", "explicit", "--set", "learned_start=true")
    assert (plain.returncode, "leave learned_start out" in plain.stderr) == (2, True)


def test_a_baseline_predicts_by_its_own_forward_pass() -> None:
    shipped = load_pretrained("mlp")
    once = replace(shipped.card, gradient=to_dict(Unrolled(steps=1)))
    (found,) = _predict(Checkpoint(shipped.model, once), load_dataset("digits").test_images[:1])
    assert (found["nfe"], found["converged"]) == (3, False)  # one step, and two calls that judge it
