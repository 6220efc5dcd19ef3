"""The picture of a comparison: a dot a seed, the mean with both error bars, failures as failures."""

import numpy as np
import pytest

from deq.plots.contenders import COLORS, effort_and_accuracy, effort_and_loss
from deq.plots.document import document
from deq.plots.style import FAILED_RED, SOLVER_STYLES

NFE, ACCURACY = np.array([6.0, 8.0, 10.0]), np.array([0.8, 0.9, 1.0])


def test_dots_mean_and_error_bars() -> None:
    figure = effort_and_accuracy({"mlp": (NFE, ACCURACY, np.ones(3))})
    dots, mean = figure.data
    assert dots.x.tolist() == NFE.tolist()
    assert dots.y.tolist() == ACCURACY.tolist()
    assert (mean.x[0], mean.y[0]) == (8.0, pytest.approx(0.9))
    assert (mean.error_x.array[0], mean.error_y.array[0]) == (pytest.approx(2.0), pytest.approx(0.1))
    (label,) = figure.layout.annotations
    assert label.text == "mlp"
    assert label.x == pytest.approx(np.log10(8))


def test_one_seed_has_no_error_bars() -> None:
    mean = effort_and_accuracy({"mlp": ([6.0], [0.8], [1.0])}).data[-1]
    assert mean.error_x.array is None
    assert mean.error_y.array is None


def test_what_mostly_does_not_converge_is_a_red_cross() -> None:
    figure = effort_and_accuracy({"a": (NFE, ACCURACY, [0.0, 0.1, 1.0]), "b": (NFE, ACCURACY, np.ones(3))})
    dots, crosses, mean, *_ = figure.data
    assert (dots.marker.symbol, dots.x.tolist()) == (None, [10.0])
    assert (crosses.marker.symbol, crosses.x.tolist()) == ("x-open", [6.0, 8.0])
    assert (mean.marker.symbol, mean.marker.color) == ("x-open", FAILED_RED)
    assert [label.text for label in figure.layout.annotations] == ["a (not converged)", "b"]


def test_names_that_would_overlap_stand_above_one_another() -> None:
    figure = effort_and_accuracy({name: (NFE, ACCURACY, np.ones(3)) for name in "abc"})
    shifts = [label.yshift for label in figure.layout.annotations]
    assert np.diff(sorted(shifts)).min() > 13


@pytest.mark.parametrize("nfe", [(7.6, 10.1), (6.5, 50.0), (8.0, 8.0), (1.0, 300.0)])
def test_the_axis_has_a_few_plain_ticks(nfe: tuple[float, float]) -> None:
    axis = effort_and_accuracy({str(x): ([x], [0.9], [1.0]) for x in nfe}).layout.xaxis
    assert 3 <= len(axis.ticktext) <= 8
    assert 10 ** axis.range[0] < min(nfe) <= max(nfe) < 10 ** axis.range[1]


def test_a_loss_of_zero_is_drawn_on_a_log_axis() -> None:
    figure = effort_and_loss({"toy": ([3.0], [0.0], [1.0])})
    assert figure.layout.yaxis.type == "log"
    assert figure.data[-1].y[0] > 0


def test_contenders_have_colours_of_their_own() -> None:
    assert not set(COLORS) & {style.color for style in SOLVER_STYLES.values()} | {FAILED_RED} & set(COLORS)


def test_the_document_needs_no_network() -> None:
    text = document(effort_and_accuracy({"mlp": (NFE, ACCURACY, np.ones(3))}), "Compared")
    assert "<title>Compared</title>" in text
    assert '<script src="http' not in text
    assert len(text) > 1e6  # plotly itself
