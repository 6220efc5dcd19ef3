"""The plots of solvers and gradients compared: failures are marked, and the axes fit the data."""

import numpy as np
import plotly.graph_objects as go

from deq.analysis.comparison.gradients import METHODS
from deq.plots.comparison import (
    compute_curves,
    distance_strip,
    effort_histogram,
    race_by_nfe,
    work_precision_diagram,
)
from deq.plots.eigenvalues import spectrum_regions
from deq.plots.gradients import GRADIENT_STYLES, gradient_rows, memory_curves
from deq.plots.style import FAILED_MARKER, FAILED_TEXT
from deq.plots.times import race_times

NFE = np.arange(1, 6) * np.ones((3, 1))
FALLS, STALLS = 10.0 ** -np.arange(1, 6) * np.ones((3, 1)), np.full((3, 5), 0.5)


def names(figure: go.Figure) -> list[str]:
    return [trace.name for trace in figure.data if trace.showlegend is not False and trace.name]


def test_race_explains_failures_once_in_the_legend() -> None:
    curves = {"Anderson": (NFE, FALLS), "Picard": (NFE, STALLS), "Broyden": (NFE, STALLS)}
    figure = race_by_nfe(curves, 1e-4)
    assert names(figure) == ["Anderson", "Picard", FAILED_TEXT, "Broyden"]
    assert figure.layout.xaxis.type == "log"


def test_times_are_medians_with_quartiles_and_a_cross_for_who_gave_up() -> None:
    figure = race_times({"Anderson": (2, 3, 5), "Picard": (7, 8, 9)}, ["Picard"])
    assert list(figure.layout.xaxis.ticktext) == ["2", "3", "4", "5", "7"]
    close = race_times({"Anderson": (11.9, 12, 12.1), "Picard": (13, 13.1, 13.2)})
    assert list(close.layout.xaxis.ticktext) == ["11", "12", "13", "14"]  # one tick would show no scale
    anderson, picard = figure.data
    assert (anderson.x[0], anderson.error_x.arrayminus[0], anderson.error_x.array[0]) == (3, 1, 2)
    assert picard.marker.symbol == FAILED_MARKER["symbol"] != anderson.marker.symbol


def test_a_residual_of_zero_does_not_stretch_the_race() -> None:
    exact = np.where(FALLS < 1e-4, 0.0, FALLS)
    assert race_by_nfe({"Broyden": (NFE, exact)}, 1e-4).layout.yaxis.range[0] > -6


def test_unconverged_tolerances_are_crosses() -> None:
    points = (
        np.array([1e-1, 1e-2, 1e-3]),
        np.array([3, 5, 9]),
        np.array([1e-1, 1e-2, np.nan]),
        np.array([1, 0.5, 0]),
    )
    figure = work_precision_diagram({"Picard": points}, "evaluations")
    assert names(figure) == ["Picard", FAILED_TEXT]
    assert list(figure.data[1].x) == [5]


def test_costs_have_plain_ticks_and_quartile_bars() -> None:
    """Over more than a decade 1, 2 and 5 times powers of ten, in full; the powers alone over many."""
    work, error = np.array([20.0, 60.0, 300.0]), np.array([1e-1, 1e-2, 1e-3])
    curves = {"Picard": (error, work, error, np.ones(3))}
    figure = work_precision_diagram(curves, "ms", {"Picard": (work - 5, work + 10)})
    assert list(figure.layout.xaxis.ticktext) == ["20", "50", "100", "200"]
    assert list(figure.data[0].error_x.array) == [10] * 3
    assert list(figure.data[0].error_x.arrayminus) == [5] * 3
    curves = {"Picard": (error, np.array([1, 100, 1e5]), error, np.ones(3))}
    assert list(work_precision_diagram(curves, "ms").layout.xaxis.tickvals) == [1, 10, 100, 1e3, 1e4, 1e5]


def test_every_eigenvalue_is_within_the_axes() -> None:
    values = np.array([[0.5 + 3j, 0.5 - 3j], [1.4, -2.0]])
    figure = spectrum_regions(values, 0.3)
    assert sum(len(trace.x) for trace in figure.data) == 4
    low, high = figure.layout.yaxis.range
    left, right = figure.layout.xaxis.range
    assert low < -3 < 3 < high
    assert left < -2.0 < 1.4 < right


def test_histogram_counts_every_sample() -> None:
    nfe = np.concatenate([np.arange(1, 300, 7), [300, 300]])
    figure = effort_histogram(nfe, nfe < 300, "Picard")
    assert sum(sum(bar.y) for bar in figure.data) == len(nfe)
    assert sum(len(bar.x) for bar in figure.data) < 65
    assert names(figure) == ["Picard", FAILED_TEXT]


def test_an_unconverged_backward_solve_is_a_cross() -> None:
    figure = gradient_rows(["GMRES", "one-step"], [1e-6, np.inf], [False, True])
    assert figure.data[0].marker.symbol == "x-open"
    assert list(figure.layout.yaxis.ticktext) == ["GMRES", "one-step"]
    assert all(np.isfinite(trace.x).all() for trace in figure.data)


def test_memory_curves_are_labelled_at_their_ends() -> None:
    figure = memory_curves({"implicit": ([10, 1000], [1.0, 1.0]), "unrolled": ([10, 1000], [1.0, 50.0])})
    assert [note.text for note in figure.layout.annotations] == ["implicit", "unrolled"]


def test_compute_curves_mark_training_and_the_strip_marks_failures() -> None:
    figure = compute_curves({"Anderson": ([1, 10], [0.1, 0.9])}, "accuracy", 30)
    assert figure.layout.annotations[0].text == "allowed in training: 30"
    strip = distance_strip({"noise": (np.array([0, 1.0]), np.array([True, False]))}, 1e-4)
    assert names(strip) == [FAILED_TEXT]
    zero = strip.data[0]
    assert (zero["x"][0], zero["customdata"][0]) == (1e-8, 0)
    assert strip.layout.xaxis.ticktext[0].startswith("≤")


def test_every_gradient_has_a_style() -> None:
    assert set(GRADIENT_STYLES) == set(METHODS)
