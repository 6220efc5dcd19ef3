"""Contenders compared: mean and spread by hand, nobody ahead where intervals overlap, the time left."""

import math
from dataclasses import replace

import pytest

from deq.training.comparison import (
    Contender,
    Outcome,
    Spread,
    conclusion,
    scored_by,
    seconds_left,
    spread_of,
    winner,
)

ONE = Outcome(0, 0.9, 0.9, 0.3, 8.0, 1.0, 0.5, 10.0, 100, False)


def contender(name: str, *accuracies: float) -> Contender:
    return Contender(name, tuple(replace(ONE, seed=k, accuracy=a) for k, a in enumerate(accuracies)))


def test_mean_and_sample_deviation() -> None:
    assert spread_of([1.0, 2.0, 3.0]) == Spread(2.0, 1.0)
    assert spread_of([5.0]).mean == 5.0
    assert f"{spread_of([5.0]):.1f}" == "5.0"
    assert f"{spread_of([0.5, 0.7]).percent:.1f}" == "60.0 ± 14.1"


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf]])
def test_what_is_no_number_is_not_averaged_away(values: list[float]) -> None:
    found = spread_of(values)
    assert math.isnan(found.mean)
    assert math.isnan(found.std)
    assert f"{found:.1f}" == "-"


def test_one_seed_has_no_spread() -> None:
    assert math.isnan(contender("mlp", 0.9).spread("accuracy").std)


def test_nobody_is_ahead_where_intervals_overlap() -> None:
    """0.90 ± 0.01 and 0.95 ± 0.01 are apart, 0.90 ± 0.01 and 0.915 ± 0.01 are not."""
    low, high, between = contender("a", 0.89, 0.91), contender("b", 0.94, 0.96), contender("c", 0.905, 0.925)
    assert winner([low, high]) == winner([high, low]) == "b"
    assert winner([low, between]) is None
    assert winner([low, between, high]) == "b"
    assert winner([high]) is None
    assert winner([contender("a", 0.1), contender("b", 0.9)]) is None


def test_a_contender_without_a_spread_leaves_it_open() -> None:
    sentence, *_ = conclusion([contender("a", 0.99, 0.99), contender("b", 0.1)])
    assert sentence.startswith("Undecided")


def test_without_classes_the_lowest_loss_is_ahead() -> None:
    nan = math.nan
    far, near = (
        Contender(name, tuple(replace(ONE, accuracy=nan, loss=loss) for loss in losses))
        for name, losses in (("far", (1.0, 1.1)), ("near", (0.1, 0.2)))
    )
    assert scored_by([far, near]) == "loss"
    assert winner([far, near]) == "near"
    assert conclusion([far, near])[0].startswith("near has the lowest test loss")


def test_seconds_leave_out_the_run_that_compiles() -> None:
    runs = tuple(replace(ONE, seed=k, seconds=s) for k, s in enumerate((30.0, 4.0, 6.0)))
    assert Contender("mlp", runs).spread("seconds").mean == 5.0
    assert Contender("mlp", runs[:1]).spread("seconds").mean == 30.0


def test_lost_runs_are_counted_and_stay_in_the_mean() -> None:
    runs = (ONE, replace(ONE, accuracy=0.5, lost=True), replace(ONE, accuracy=0.1, converged_fraction=0.2))
    found = Contender("mlp", runs)
    assert found.lost == 2
    assert found.spread("accuracy").mean == pytest.approx(0.5)
    assert any("2 of 3 runs" in line for line in conclusion([found]))


def test_time_left() -> None:
    assert seconds_left({}, []) == 0
    assert math.isnan(seconds_left({"a": []}, ["a"]))
    assert seconds_left({"a": [30.0, 4.0], "b": []}, ["a", "a"]) == 8
    assert seconds_left({"a": [4.0], "b": []}, ["a", "b"]) == 8
