"""The plots of maps, flows and residuals: they draw the arrays they are given, in the style of each solver."""

import numpy as np
import plotly.graph_objects as go
import pytest

from deq.plots.cobweb import cobweb, cobweb_path
from deq.plots.eigenvalues import stability_regions
from deq.plots.flows import flow_and_steps, phase_line
from deq.plots.front_page import plane_picture
from deq.plots.orbits import distance_curve
from deq.plots.plane import nfe_map, phase_portrait
from deq.plots.residuals import residual_curve, residual_curves, residual_quantiles
from deq.plots.style import (
    DIGIT_COLORS,
    SOLVER_STYLES,
    label_ends,
    scientific,
    solver_style,
    styled_figure,
)
from deq.plots.sweeps import orbit_density


def trace(figure: go.Figure, name: str) -> go.Scatter:
    return next(found for found in figure.data if found.name == name)


def test_solver_styles_are_distinct():
    assert solver_style("Anderson").color == "#D68100"
    looks = {(style.color, style.dash, style.marker) for style in SOLVER_STYLES.values()}
    assert len(looks) == len(SOLVER_STYLES)
    assert len(set(DIGIT_COLORS)) == 10
    with pytest.raises(ValueError, match="choose from"):
        solver_style("anderson")


def test_end_labels_do_not_overlap():
    figure = styled_figure("x", "y", y_type="log", height=400)
    figure.add_scatter(x=[0, 1], y=[1e-8, 1])
    label_ends(figure, [("one", 1, 1e-3, "red"), ("two", 1, 1.01e-3, "blue")])
    first, second = figure.layout.annotations
    assert first.y == pytest.approx(-3)  # on a log axis, annotations are placed at the logarithm
    assert abs(second.yshift - first.yshift) >= 14


def test_residual_of_one_sample():
    figure = residual_curve([1, 2, 3], [1.0, 0.1, 0.01], 1e-1, solver="Picard")
    drawn = trace(figure, "Picard")
    np.testing.assert_allclose(drawn.x, [1, 2, 3])
    np.testing.assert_allclose(drawn.y, [1.0, 0.1, 0.01])
    assert drawn.line.color == SOLVER_STYLES["Picard"].color
    assert figure.layout.yaxis.type == "log"
    assert any("tolerance 1e-1" in note.text and note.y == -1 for note in figure.layout.annotations)


def test_residuals_of_a_batch_are_a_median_and_a_band():
    residual = np.array([[1.0, 0.1, np.nan], [1.0, 0.3, 0.03], [1.0, 0.2, 0.02]])
    nfe = np.array([[1, 2, 2], [1, 2, 3], [1, 2, 3]])
    grid, low, median, high = residual_quantiles(nfe, residual)
    np.testing.assert_allclose(grid, [1, 2, 3])
    np.testing.assert_allclose(median, [1.0, 0.2, 0.03])  # the first sample stays at 0.1
    np.testing.assert_allclose(low, [1.0, 0.1, 0.02])
    np.testing.assert_allclose(high, [1.0, 0.3, 0.1])
    assert len(residual_curve(nfe, residual).data) == 2


def test_a_residual_above_the_tolerance_is_marked():
    figure = residual_curves({"Picard": ([1, 2, 3], [1.0, 0.9, np.inf])}, 1e-3)
    assert any("not converged" in note.text for note in figure.layout.annotations)
    assert any(found.marker.symbol == "x-open" for found in figure.data)
    assert residual_curve([1, 2], [0.5, 0.0], 1e-3).data[0].y[-1] > 0  # zero on a log axis


def test_residual_shapes_must_agree():
    with pytest.raises(ValueError, match="same shape"):
        residual_curve([1, 2], [1.0, 0.1, 0.01])


def test_many_curves_get_a_legend():
    curves = {name: ([1, 2], [1.0, 0.1]) for name in list(SOLVER_STYLES)[:6]}
    figure = residual_curves(curves, 1e-3)
    assert figure.layout.showlegend
    assert len(figure.layout.annotations) == 1


def test_cobweb_path_climbs_between_curve_and_diagonal():
    path = cobweb_path([0.0, 1.0, 0.5])
    np.testing.assert_allclose(path, [[0, 0], [0, 1], [1, 1], [1, 0.5], [0.5, 0.5]])


def test_cobweb_frames_grow_by_one_step():
    x = np.linspace(-1, 1, 401)
    orbit = np.array([0.9, 0.5, 0.2, np.nan])
    figure = cobweb(x, x / 2, orbit, fixed=[0.0, 0.5], stable=[True, False])
    assert [len(frame.data[0].x) for frame in figure.frames] == [1, 3, 5]
    redrawn = [figure.data[place].name for place in figure.frames[0].traces]
    assert redrawn == ["orbit"]
    assert list(figure.frames[1].data[0].marker.size) == [0, 0, 9]  # a dot where the orbit is now
    np.testing.assert_allclose(trace(figure, "orbit").x, cobweb_path(orbit[:3])[:, 0])
    assert trace(figure, "stable fixed point").marker.symbol == "circle"
    assert trace(figure, "unstable fixed point").marker.symbol == "circle-open"
    labels = [button.label for button in figure.layout.updatemenus[0].buttons]
    assert labels == ["Play", "Pause", "Reset"]


def test_distance_has_the_predicted_line():
    distance = 0.5 ** np.arange(20)
    figure = distance_curve(distance, 0.5)
    assert [line.mode for line in figure.data] == ["lines", "lines+markers"]  # the predicted one beneath
    np.testing.assert_allclose(figure.data[0].y, distance)
    np.testing.assert_allclose(figure.data[1].y, distance)
    assert any("factor 0.5000 per step" in note.text for note in figure.layout.annotations)


def test_euler_steps_are_drawn_at_their_time():
    times = np.linspace(0, 2, 21)
    figure = flow_and_steps(times, np.exp(-times), np.array([1.0, 0.5, 0.25]), 0.5)
    np.testing.assert_allclose(trace(figure, "damped Picard").x, [0, 0.5, 1.0])
    assert trace(flow_and_steps(times, times, times, 1.0), "Picard") is not None


def test_phase_line_arrows_point_along_the_flow():
    x = np.linspace(-1, 1, 101)
    figure = phase_line(x, -x, [0.0], [True])
    arrows = figure.data[1]
    right = np.array([symbol == "triangle-right" for symbol in arrows.marker.symbol])
    assert (np.asarray(arrows.x)[right] < 0).all()
    assert (np.asarray(arrows.x)[~right] >= 0).all()


def test_discs_of_the_stability_regions_touch_one():
    shapes = [shape for shape in stability_regions([-2.0], 0.5).layout.shapes if shape.type == "circle"]
    assert [(shape.x0, shape.x1) for shape in shapes] == [(-3.0, 1), (-1.0, 1)]


def test_orbit_density_counts_visits():
    levels, density = orbit_density(np.array([[0.0, 0.5], [0.0, 1.0], [0.0, 0.5], [0.0, np.nan]]))
    assert density.shape == (len(levels), 2)
    assert density[:, 0].argmax() == np.abs(levels).argmin()
    assert (density[:, 1] > 0.9).sum() == 2


def test_failed_starts_are_red_on_the_cost_map():
    axis = np.array([0.0, 1.0])
    figure = nfe_map(axis, [[3, 4], [5, 100]], [[True, True], [True, False]])
    cost, failed = figure.data
    assert np.isnan(cost.z[1, 1])
    assert np.isfinite(failed.z[1, 1])
    assert np.isnan(failed.z[0, 0])


def test_portrait_draws_nullclines_paths_and_points():
    axis = np.linspace(-1, 1, 21)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    paths = np.zeros((5, 2, 2))
    figure = phase_portrait(axis, -grid, iteration=paths, flow=paths, fixed=[[0, 0]], stable=[True])
    names = [found.name for found in figure.data]
    assert {"iteration", "flow", "z<sub>1</sub>' = 0", "z<sub>2</sub>' = 0"} <= set(names)


@pytest.mark.parametrize(
    ("number", "digits", "written"),
    [(1e-4, 0, "1e-4"), (2.96e-8, 1, "3.0e-8"), (1.0, 0, "1e0"), (np.inf, 1, "inf"), (np.nan, 0, "nan")],
)
def test_scientific_notation_is_short(number: float, digits: int, written: str) -> None:
    assert scientific(number, digits) == written


def test_only_the_flow_is_drawn_without_its_steps():
    paths = np.array([[[0.0, 0.0], [1.0, 1.0], [np.nan, np.nan]]])
    modes = [plane_picture(paths, [1.0, 1.0], solver).data[0].mode for solver in ("Picard", "ODE flow")]
    assert modes == ["lines+markers", "lines"]
