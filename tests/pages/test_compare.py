"""Compare on the training page: from the choice to table and downloads; watched by others, stopped, resumed."""

from dataclasses import replace

import pytest

from deq.data.augment import Augmentation
from deq.jobs import Plan, Registry
from deq.jobs.contenders import CURRENT, TOGETHER, contenders, estimate, usual
from deq.models.architectures import Architecture
from deq.solvers import Anderson
from deq.training.recipes import CONFIGS, RECIPES, Recipe
from tests.pages.conftest import OpenPage, labels, metrics, press, run_until, words

QUICK = {
    "fit_task": "two moons",
    "fit_width": "8",
    "fit_epochs": "2",
    "fit_seeds": "2",
}  # as in test_train.py
ONE = {"fit_variants": ["current settings"]}
POINTS = Plan("circles", Architecture(2, 2), Recipe(Anderson(tol=1e-3, max_nfe=40), epochs=7))
DIGITS = replace(POINTS, task="digits", architecture=Architecture(784, 10))


def test_variants_differ_in_one_setting() -> None:
    filmed = replace(POINTS, recipe=replace(POINTS.recipe, steps_per_call=1))
    found = contenders(filmed)
    assert found[CURRENT] == replace(filmed, recipe=replace(filmed.recipe, steps_per_call=TOGETHER))
    assert found["injection with the state"].architecture == replace(
        POINTS.architecture, injection="with the state"
    )
    assert found["solver Picard"].recipe.solver.tol == 1e-3
    assert "solver Anderson" not in found
    assert len(set(found.values())) == len(found)
    assert usual(POINTS)[0] == CURRENT
    assert set(usual(POINTS)) <= set(found)


def test_digits_are_learnt_by_named_models_too() -> None:
    found = contenders(DIGITS)
    assert found["conv"].architecture == "conv"
    assert found["conv"].recipe.gradient == RECIPES["conv"].gradient
    assert found["conv"].recipe.epochs == 7
    assert usual(DIGITS) == ["blog", "mlp", "monotone", "conv"]
    assert not {"mlp", "toy"} & set(contenders(POINTS))
    fast = contenders(replace(DIGITS, task="mnist"))["fast conv"]
    assert (fast.architecture, fast.recipe.epochs) == ("conv", CONFIGS["fast"]["conv"].epochs)
    assert "fast conv" not in found  # too few pictures


def test_the_estimate_grows_with_seeds_and_epochs() -> None:
    longer = replace(DIGITS, recipe=replace(DIGITS.recipe, epochs=14))
    assert estimate([DIGITS], 1, 1) < estimate([DIGITS], 2, 1) == pytest.approx(estimate([longer], 1, 1))


def test_a_link_with_no_number_of_seeds_has_the_usual_one(open_page: OpenPage) -> None:
    app = open_page("train", fit_seeds="", **ONE)
    assert "3 runs in turn" in " ".join(caption.value for caption in app.caption)


def test_elastic_distortions_cost_time() -> None:
    smooth = replace(DIGITS, recipe=replace(DIGITS.recipe, augmentation=Augmentation()))
    bent = replace(DIGITS, recipe=replace(DIGITS.recipe, augmentation=Augmentation(elastic=1.0)))
    assert estimate([smooth], 1, 1) == estimate([DIGITS], 1, 1) < estimate([bent], 1, 1)


@pytest.mark.long
def test_a_comparison_from_start_to_end(open_page: OpenPage, runs: Registry) -> None:
    app = open_page("train", **QUICK | ONE)
    assert "2 runs in turn" in " ".join(caption.value for caption in app.caption)
    press(app, "Start comparison")
    assert "Stop comparison" in labels(app)
    link = app.query_params["compared"]
    stranger = open_page("train", compared=link)
    assert not {"Stop comparison", "Resume comparison"} & set(labels(stranger))
    run_until(app, lambda: "Stop comparison" not in labels(app))
    table = app.dataframe[0].value
    assert list(table["contender"]) == ONE["fit_variants"]
    assert list(table["runs"]) == ["2 of 2"]
    assert "±" in table["test accuracy, %"][0]
    assert "except each contender's first" in words(app)
    assert "Save every run as CSV" in {button.proto.label for button in app.get("download_button")}
    app.selectbox(key="fit_one").set_value("current settings, seed 1").run()
    press(app, "Show this run above")
    assert metrics(app)["Test accuracy"] != "-"
    assert runs.get(app.query_params["job"]).plan.seed == 1


@pytest.mark.long
def test_stop_resume_and_the_limit_of_live_runs(open_page: OpenPage, runs: Registry) -> None:
    app = open_page("train", **QUICK | ONE | {"fit_epochs": "500"})
    for label in ("Start comparison", "Start training", "Start training"):
        press(app, label)
    for label in ("Start training", "Start comparison"):
        press(app, label)
        assert "stop one of them first" in app.warning[0].value
    press(app, "Stop comparison")
    run_until(app, lambda: "Resume comparison" in labels(app))
    press(app, "Resume comparison")
    assert "Stop comparison" in labels(app)


def test_an_unknown_comparison_is_reported(open_page: OpenPage) -> None:
    app = open_page("train", compared="nonsense")
    assert "no longer on this server" in app.info[0].value
    assert "compared" not in app.query_params


@pytest.mark.long
def test_a_named_model_goes_from_a_comparison_to_predict(open_page: OpenPage, runs: Registry) -> None:
    app = open_page("train", fit_task="digits", fit_epochs="1", fit_seeds="1", fit_contenders=["mlp"])
    press(app, "Start comparison")
    run_until(app, lambda: "Stop comparison" not in labels(app))
    press(app, "Show this run above")
    assert {link.proto.label for link in app.get("page_link")} >= {"Use on Predict", "Use on Solvers"}
