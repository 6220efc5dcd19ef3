"""Plots of training: they draw the arrays they are given, and failures as failures."""

import numpy as np

from deq.jobs.record import PLANE_SIDE, plane
from deq.plots.style import FAILED_TEXT
from deq.plots.training import compared_runs, decision_boundary, effort_map, fitted_curve

GRID = plane()


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


def test_planes_are_the_right_way_up() -> None:
    """A value that increases along x1 increases along the columns of the drawn matrix."""
    figure = decision_boundary(GRID[:4], np.arange(4) % 2, GRID, GRID[:, 0])
    shade = figure.data[0]
    assert np.shape(shade.z) == (PLANE_SIDE, PLANE_SIDE)
    np.testing.assert_allclose(shade.z[0], shade.x)
    assert [figure.layout.xaxis.title.text, figure.layout.yaxis.title.text] == ["x₁", "x₂"]


def test_points_have_the_colour_of_their_class() -> None:
    points, labels = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([1, 0])
    first, second = decision_boundary(points, labels, GRID, GRID[:, 0]).data[2:]
    assert (first.x.tolist(), second.x.tolist()) == ([2.0], [0.0])
    assert first.marker.color != second.marker.color


def test_failed_solves_have_no_effort() -> None:
    nfe, good = np.full(len(GRID), 7), np.ones(len(GRID), bool)
    good[0] = False
    settled, failed = effort_map(GRID, nfe, good).data
    assert np.isnan(settled.z[0][0])
    assert settled.z[0][1] == 7
    assert np.nansum(failed.z) == 1


def test_compared_runs_are_named_and_leave_out_what_a_log_axis_cannot_show() -> None:
    curves = {"run 1": ([1, 2, 3], [1.0, 0.0, np.nan]), "run 2": ([1], [2.0]), "run 3": ([], [])}
    figure = compared_runs(curves, "loss", "log")
    assert [list(trace.y) for trace in figure.data] == [[1.0], [2.0]]
    assert [note.text for note in figure.layout.annotations] == ["run 1", "run 2"]
