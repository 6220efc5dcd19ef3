"""The plots of a prediction and of a test set: what is drawn, from arrays of known content."""

import numpy as np
import pytest

from deq.plots.certificates import certified_curves
from deq.plots.parting import parting_states
from deq.plots.prediction import digit_picture, percent, pixel_map, probability_bars, probability_paths
from deq.plots.state_plane import Trajectory, plane_paths, window_near, window_of
from deq.plots.style import ACCENT, FAILED_MARKER, FAILED_TEXT, NEUTRAL, solver_style
from deq.plots.test_set import confusion_matrix, detector_boxes, effort_and_doubt, reliability_diagram

RNG = np.random.default_rng(0)
POINTS, LABELS = RNG.normal(size=(40, 2)), np.arange(40) % 10


def test_digit_picture_is_sharp_and_upright() -> None:
    image = np.arange(784, dtype=np.uint16).reshape(28, 28) % 256
    figure = digit_picture(image)
    np.testing.assert_array_equal(figure.data[0].z, image)
    assert figure.data[0].zsmooth is False
    assert (figure.data[0].zmin, figure.data[0].zmax) == (0, 255)
    assert figure.layout.yaxis.autorange == "reversed"


def test_the_window_near_a_way_shows_it_and_as_much_on_each_side() -> None:
    ways = [np.array([[1.0, 2.0], [2.0, 2.5], [np.nan, 0]]), np.array([[1.0, 2.0], [1.5, 4.0]])]
    np.testing.assert_allclose(window_near(ways), [[0, 3], [0, 6]])
    (low, high), _ = window_near([np.zeros((1, 2))])
    assert low < 0 < high


def test_a_way_that_ran_away_has_a_finite_window() -> None:
    far = np.array([[0, 0], [3e38, -3e38]], np.float32)
    assert np.isfinite(window_near([far])).all()
    assert window_near([np.full((2, 2), np.nan)]) == [[-1, 1], [-1, 1]]


def test_only_the_largest_bar_is_coloured() -> None:
    probabilities = np.full(10, 0.01)
    probabilities[4] = 0.91
    figure = probability_bars(probabilities)
    colors = figure.data[0].marker.color
    assert colors[4] == ACCENT
    assert set(colors) - {colors[4]} == {NEUTRAL}
    assert figure.data[0].text[4] == "91.0 %"


def test_paths_name_only_classes_that_became_likely() -> None:
    paths = np.zeros((4, 10))
    paths[0] = 0.1
    paths[1:, 3], paths[1:, 5] = [0.3, 0.6, 0.9], [0.7, 0.4, 0.1]
    figure = probability_paths([1, 2, 3, 4], paths)
    assert [trace.name for trace in figure.data if trace.line.width == 3] == ["3", "5"]
    assert [trace.name for trace in figure.data if trace.line.color == ACCENT] == ["3"]
    assert [(note.text, note.x, note.y) for note in figure.layout.annotations] == [
        ("<b>3</b>", 4, 0.9),
        ("<b>5</b>", 4, 0.1),
    ]


def test_the_answer_is_named_even_if_unlikely_or_alone() -> None:
    unlikely = np.full((3, 10), 0.09)
    unlikely[-1, 4] = 0.15
    figure = probability_paths([1, 2, 3], unlikely)
    assert [note.text for note in figure.layout.annotations] == ["<b>4</b>"]
    alone = probability_paths(
        [1, 2], np.stack([unlikely[-1], np.full(10, np.nan)])
    )  # the second is not finite
    assert {trace.mode for trace in alone.data} == {"markers"}
    assert [note.text for note in alone.layout.annotations] == ["<b>4</b>"]


def test_labels_at_close_ends_do_not_touch() -> None:
    paths = np.full((3, 10), 0.02)
    paths[1:, 3], paths[1:, 5] = 0.43, 0.41
    notes = probability_paths([1, 2, 3], paths, height=220).layout.annotations
    low, high = sorted(220 * 0.8 * note.y / 1.15 + note.yshift for note in notes)
    assert high - low > 11  # pixels


@pytest.mark.parametrize(("p", "text"), [(0, ""), (0.0004, ""), (0.123, "12.3 %"), (0.99951, "> 99.9 %")])
def test_percent(p: float, text: str) -> None:
    assert percent(p) == text


def test_plane_draws_every_solver_in_its_style_among_grey_numerals() -> None:
    places = RNG.normal(size=(4, 2))
    ways = [Trajectory(places, False, "Picard"), Trajectory(places[:2], True, "ODE flow")]
    figure = plane_paths(POINTS, LABELS, (0.3, 0.2), ways)
    lines = {trace.name: trace for trace in figure.data if trace.mode == "lines+markers"}
    assert list(lines) == ["Picard", "ODE flow"]
    assert lines["ODE flow"].line.color == solver_style("ODE flow").color
    assert lines["Picard"].line.width > lines["ODE flow"].line.width  # seen where the upper one lies on it
    np.testing.assert_allclose(lines["Picard"].x, places[:, 0])
    assert sum(trace.marker.symbol == FAILED_MARKER["symbol"] for trace in figure.data) == 1
    small, large = (trace for trace in figure.data if trace.mode == "text")
    assert list(small.text) == [str(label) for label in LABELS]
    assert list(large.text) == [str(k) for k in range(10)]
    assert small.textfont.color == large.textfont.color == NEUTRAL
    assert "30 % of the variance" in figure.layout.xaxis.title.text


def test_starts_are_grey_and_failures_a_cross() -> None:
    places = RNG.normal(size=(3, 2))
    figure = plane_paths(POINTS, LABELS, (0.3, 0.2), [Trajectory(places, True), Trajectory(places, False)])
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [trace.line.color for trace in lines] == [NEUTRAL, NEUTRAL]
    assert FAILED_TEXT in figure.data[-1].hovertemplate
    assert not figure.layout.showlegend


def test_the_window_shows_every_finite_place() -> None:
    (left, right), (low, high) = window_of(POINTS, [np.array([[9.0, -8.0], [np.nan, 99.0]])])
    assert left < POINTS[:, 0].mean() < 9 < right < 20
    assert low < -8 < high < 20


def test_pixel_map_is_spread_evenly_over_the_picture() -> None:
    values = np.array([[-2.0, 0.5], [0.0, 1.0]])
    heat, outline = pixel_map(values, np.zeros((28, 28)), "nats").data
    assert (heat.x0, heat.dx) == (6.5, 14)  # from -0.5 to 27.5, as the pixels do
    assert (heat.zmin, heat.zmax) == (-2, 2)
    assert outline.contours.coloring == "none"


def test_confusions_are_counted_and_the_diagonal_is_grey() -> None:
    figure = confusion_matrix([1, 1, 2, 2, 2], [1, 7, 2, 2, 3])
    counts = np.asarray(figure.data[0].z, float)
    assert (counts[1, 7], counts[2, 3], np.nansum(counts)) == (1, 1, 2)
    assert np.isnan(np.diag(counts)).all()
    assert [note.text for note in figure.layout.annotations][:3] == ["0", "1", "2"]


def test_reliability_is_accuracy_against_confidence_by_bin() -> None:
    drawn = reliability_diagram([0.91, 0.99, 0.5, 0.5], [True, False, True, True], bins=2).data[1]
    np.testing.assert_allclose(drawn.x, [0.725])
    np.testing.assert_allclose(drawn.y, [0.75])
    drawn = reliability_diagram([1.0, 0.3], [True, False], bins=10).data[1]
    np.testing.assert_allclose([drawn.x, drawn.y], [[0.3, 1], [0, 1]])


def test_mistakes_are_rings_beside_the_band() -> None:
    nfe, doubt = np.repeat([5, 6], 20), np.full(40, 1e-3)
    right = np.arange(40) > 2
    band, median, rings = effort_and_doubt(nfe, doubt, right).data
    assert len(rings.x) == 3
    np.testing.assert_allclose(median.y, 1e-3)
    assert len(band.x) == 4


def test_boxes_show_their_kind_and_auroc() -> None:
    scores = {"digits": np.arange(101.0), "noise": 10 + np.arange(101.0)}
    figure = detector_boxes(scores, {"noise": 0.97}, "NFE", 12.0, log=False)
    digits, noise = figure.data
    assert (digits.y[0], noise.y[0]) == ("digits", "noise  <b>0.97</b>")
    assert (noise.q1[0], noise.median[0], noise.upperfence[0]) == (35, 60, 105)
    assert figure.layout.shapes[0].x0 == 12


def test_bars_of_a_failed_solve_are_grey() -> None:
    figure = probability_bars(np.full(10, 0.1), converged=False)
    assert set(figure.data[0].marker.color) == {NEUTRAL}
    assert figure.data[1].text == (FAILED_TEXT,)


def test_each_digit_is_a_numeral_that_moves_with_depth() -> None:
    places = RNG.normal(size=(3, 40, 2))
    correct = np.zeros((3, 40), bool)
    correct[1, :30] = correct[2, 1:] = True
    figure = parting_states([1, 2, 7], places, LABELS, correct, (0.3, 0.2))
    right, misread, note = figure.data
    assert np.isnan(note.x[0])
    assert list(right.text) == [str(label) for label in LABELS]
    assert misread.text[0] == f"<b>{LABELS[0]}</b>"
    np.testing.assert_allclose(right.x[1:], places[-1, 1:, 0])
    assert np.isnan(right.x[0])
    assert misread.x[0] == pytest.approx(places[-1, 0, 0])
    assert np.isnan(misread.x[1:]).all()
    assert [frame.name for frame in figure.frames] == ["1", "2", "7"]
    np.testing.assert_allclose(figure.frames[0].data[1].y, places[0, :, 1])
    np.testing.assert_allclose(figure.frames[1].data[0].y[:30], places[1, :30, 1])


def test_digits_that_start_at_one_point_show_the_answer_they_share() -> None:
    places = np.stack([np.zeros((40, 2)), RNG.normal(size=(40, 2))])
    label = LABELS[0]
    one = label == LABELS
    figure = parting_states([1, 2], places, LABELS, np.stack([one, one]), (0.3, 0.2))
    at_start, apart = figure.frames
    np.testing.assert_array_equal(np.isfinite(at_start.data[0].x), one)
    assert np.isnan(at_start.data[1].x).all()
    assert figure.data[2].text[0].endswith("all 40 digits are here<br>and get this one answer")
    assert (at_start.data[2].x[0], np.isnan(apart.data[2].x[0])) == (0, True)
    np.testing.assert_array_equal(np.isfinite(apart.data[1].x), ~one)
    none_right = parting_states([1, 2], places, LABELS, np.zeros((2, 40), bool), (0.3, 0.2)).frames[0]
    assert np.isfinite(none_right.data[1].x).all()
    assert np.isnan(none_right.data[2].x[0])


def test_a_certified_curve_is_the_share_with_a_larger_radius() -> None:
    figure = certified_curves({"a": [0.0, 0.5, 1.0, 1.5], "b": [0.0] * 4}, 2.0, 0.7, 5.0)
    curve = figure.data[0]
    at = dict(zip(np.round(curve.x, 2), curve.y, strict=True))
    assert (curve.y[0], at[min(at, key=lambda r: abs(r - 0.75))], curve.y[-1]) == (0.75, 0.5, 0)
    assert not np.any(figure.data[1].y)
    assert len({(trace.line.color, trace.line.dash) for trace in figure.data}) == 2
    assert [note.text for note in figure.layout.annotations] == ["proved"]  # the other lies outside
