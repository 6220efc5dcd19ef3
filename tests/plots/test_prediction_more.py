"""The plots of a prediction's way, its reasons and the whole test set: what is drawn, and nothing for nothing."""

import numpy as np
import pytest

from deq.plots.player import MOST_FRAMES
from deq.plots.prediction import probability_bars
from deq.plots.prediction_plane import plane_paths, plane_starts
from deq.plots.prediction_tests import (
    confusion_matrix,
    detector_boxes,
    effort_and_doubt,
    reliability_diagram,
)
from deq.plots.prediction_way import feature_maps, state_map
from deq.plots.prediction_why import pixel_map
from deq.plots.style import DIGIT_COLORS, FAILED_MARKER, FAILED_TEXT, NEUTRAL, solver_style

RNG = np.random.default_rng(0)
POINTS, LABELS = RNG.normal(size=(40, 2)), np.arange(40) % 10


def way(nfe: np.ndarray, converged: bool = True) -> tuple[np.ndarray, np.ndarray, bool]:
    return nfe, RNG.normal(size=(len(nfe), 2)), converged


def test_plane_shows_every_solver_in_its_style_and_plays_by_evaluations() -> None:
    ways = {"Picard": way(np.arange(1, 5), False), "ODE flow": way(np.array([1, 7, 13]))}
    figure = plane_paths(POINTS, LABELS, (0.3, 0.2), ways)
    paths = {trace.name: trace for trace in figure.data if trace.name in ways}
    assert paths["ODE flow"].line.color == solver_style("ODE flow").color
    assert [frame.name for frame in figure.frames] == ["1", "2", "3", "4", "7", "13"]
    second = figure.frames[1].data
    assert [len(trace.x) for trace in second] == [
        2,
        1,
        2,
    ]  # the flow's first step ends at 7; the heads come last
    np.testing.assert_allclose(second[2].x, [ways["Picard"][1][1, 0], ways["ODE flow"][1][0, 0]])
    np.testing.assert_allclose(figure.frames[-1].data[0].x, ways["Picard"][1][:, 0])
    assert [figure.data[i].name for i in figure.frames[0].traces] == [*ways, None]
    assert sum(trace.marker.symbol == FAILED_MARKER["symbol"] for trace in figure.data) == 1
    (numerals,) = [trace for trace in figure.data if trace.mode == "markers+text"]
    assert list(numerals.text) == [str(k) for k in range(10)]
    assert [numerals.marker.colorscale[k] for k in numerals.marker.color] == [
        (k / numerals.marker.cmax, color) for k, color in enumerate(DIGIT_COLORS)
    ]
    assert "30 % of the variance" in figure.layout.xaxis.title.text


def test_long_ways_keep_their_early_frames_and_the_last() -> None:
    figure = plane_paths(POINTS, LABELS, (0.3, 0.2), {"Picard": way(np.arange(1, 102))})
    counts = [int(frame.name) for frame in figure.frames]
    assert len(counts) <= MOST_FRAMES
    assert counts[:8] == list(range(1, 9))
    assert counts[-1] == 101


def test_starts_wear_the_colour_of_their_digit_and_failures_a_cross() -> None:
    places = RNG.normal(size=(3, 2))
    figure = plane_starts(POINTS, LABELS, (0.3, 0.2), [(places, 4, True), (places, None, False)])
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [trace.line.color for trace in lines] == [DIGIT_COLORS[4], NEUTRAL]
    assert FAILED_TEXT in figure.data[-1].hovertemplate


def test_units_are_sorted_by_their_last_value_without_the_silent() -> None:
    states = np.array([[0.0, 0.0, 0.5, 0.0], [3.0, 0.0, 1.0, 2.0]])
    drawn = state_map([1, 8], states).data[0]
    np.testing.assert_array_equal(drawn.z, [[0.5, 1], [0, 2], [0, 3]])
    np.testing.assert_array_equal(np.asarray(drawn.customdata)[:, 0], [2, 3, 0])
    assert list(drawn.x) == ["1", "8"]
    assert drawn.zmin == 0
    assert state_map([1, 8], -states).data[0].zmin < 0


def test_feature_maps_lie_side_by_side_and_play() -> None:
    states = RNG.normal(size=(3, 2, 2, 5)) * [1, 2, 3, 4, 5]
    figure = feature_maps([1, 2, 3], states)
    mosaic = np.asarray(figure.data[0].z)
    liveliest = states[-1].std(axis=(0, 1)).argmax()
    np.testing.assert_allclose(mosaic[:2, :2], states[-1, :, :, liveliest], rtol=1e-6)
    assert np.isnan(mosaic[:, 2]).all()
    assert np.isfinite(mosaic).sum() == 20
    assert [frame.name for frame in figure.frames] == ["1", "2", "3"]
    np.testing.assert_array_equal(np.isnan(figure.frames[0].data[0].z), np.isnan(mosaic))


def test_pixel_map_lies_evenly_over_the_picture() -> None:
    values = np.array([[-2.0, 0.5], [0.0, 1.0]])
    heat, outline = pixel_map(values, np.zeros((28, 28)), "nats").data
    assert (heat.x0, heat.dx) == (6.5, 14)  # from -0.5 to 27.5, as the pixels do
    assert (heat.zmin, heat.zmax) == (-2, 2)
    assert outline.contours.coloring == "none"


def test_confusions_count_and_leave_the_diagonal_grey() -> None:
    figure = confusion_matrix([1, 1, 2, 2, 2], [1, 7, 2, 2, 3])
    counts = np.asarray(figure.data[0].z, float)
    assert (counts[1, 7], counts[2, 3], np.nansum(counts)) == (1, 1, 2)
    assert np.isnan(np.diag(counts)).all()
    assert [note.text for note in figure.layout.annotations][:3] == ["0", "1", "2"]


def test_reliability_compares_what_was_said_with_what_was_so() -> None:
    drawn = reliability_diagram([0.91, 0.99, 0.5, 0.5], [True, False, True, True], bins=2).data[1]
    np.testing.assert_allclose(drawn.x, [0.725])
    np.testing.assert_allclose(drawn.y, [0.75])
    drawn = reliability_diagram([1.0, 0.3], [True, False], bins=10).data[1]
    np.testing.assert_allclose([drawn.x, drawn.y], [[0.3, 1], [0, 1]])


def test_mistakes_stand_out_of_the_band() -> None:
    nfe, doubt = np.repeat([5, 6], 20), np.full(40, 1e-3)
    right = np.arange(40) > 2
    band, median, rings = effort_and_doubt(nfe, doubt, right).data
    assert len(rings.x) == 3
    np.testing.assert_allclose(median.y, 1e-3)
    assert len(band.x) == 4


def test_boxes_name_their_kind_and_area() -> None:
    scores = {"digits": np.arange(101.0), "noise": 10 + np.arange(101.0)}
    figure = detector_boxes(scores, {"noise": 0.97}, "NFE", 12.0, log=False)
    digits, noise = figure.data
    assert (digits.y[0], noise.y[0]) == ("digits", "noise  <b>0.97</b>")
    assert (noise.q1[0], noise.median[0], noise.upperfence[0]) == (35, 60, 105)
    assert figure.layout.shapes[0].x0 == 12


def test_bars_of_a_failed_solve_claim_nothing() -> None:
    figure = probability_bars(np.full(10, 0.1), converged=False)
    assert set(figure.data[0].marker.color) == {NEUTRAL}
    assert figure.data[1].text == (FAILED_TEXT,)


@pytest.mark.parametrize(
    "figure",
    [
        plane_paths(np.zeros((0, 2)), [], (0.0, 0.0), {}),
        state_map([], []),
        feature_maps([], []),
        confusion_matrix([], []),
        reliability_diagram([], []),
        effort_and_doubt([], [], []),
    ],
)
def test_nothing_draws_nothing(figure) -> None:
    assert not figure.data
