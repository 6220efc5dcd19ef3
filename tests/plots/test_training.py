"""Plots of training: they draw the arrays they are given, and failures as failures."""

import numpy as np

from deq.plots.style import FAILED_TEXT
from deq.plots.training import compared_runs, fitted_curve


def test_fitted_curve_leaves_gaps_where_solves_failed() -> None:
    grid, good = np.linspace(-1, 1, 5), np.array([True, True, False, True, True])
    figure = fitted_curve([0.5], [0.25], grid, grid**2, good)
    points, line, failed = figure.data
    assert (points.x[0], points.y[0]) == (0.5, 0.25)
    assert np.isnan(line.y[2])
    assert not np.isnan(np.delete(line.y, 2)).any()
    assert failed.x.tolist() == [0.0]
    assert FAILED_TEXT in failed.hovertemplate
    assert len(fitted_curve([0.5], [0.25], grid, grid**2, np.ones(5, bool)).data) == 2


def test_compared_runs_are_named_and_leave_out_what_a_log_axis_cannot_show() -> None:
    curves = {"run 1": ([1, 2, 3], [1.0, 0.0, np.nan]), "run 2": ([1], [2.0]), "run 3": ([], [])}
    figure = compared_runs(curves, "loss", "log")
    assert [list(trace.y) for trace in figure.data] == [[1.0], [2.0]]
    assert [note.text for note in figure.layout.annotations] == ["run 1", "run 2"]
