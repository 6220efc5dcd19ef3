"""The plots of a prediction: what is drawn, and nothing where there is nothing."""

import numpy as np
import pytest

from deq.plots.prediction import digit_picture, percent, probability_bars, probability_paths
from deq.plots.style import DIGIT_COLORS, NEUTRAL


def test_picture_keeps_every_pixel_sharp_and_upright() -> None:
    image = np.arange(784, dtype=np.uint16).reshape(28, 28) % 256
    figure = digit_picture(image)
    np.testing.assert_array_equal(figure.data[0].z, image)
    assert figure.data[0].zsmooth is False
    assert (figure.data[0].zmin, figure.data[0].zmax) == (0, 255)
    assert figure.layout.yaxis.autorange == "reversed"


def test_bars_name_the_best() -> None:
    probabilities = np.full(10, 0.01)
    probabilities[4] = 0.91
    figure = probability_bars(probabilities)
    colors = figure.data[0].marker.color
    assert colors[4] == DIGIT_COLORS[4]
    assert set(colors) - {colors[4]} == {NEUTRAL}
    assert figure.data[0].text[4] == "91.0 %"


def test_paths_name_only_what_was_likely_on_the_way() -> None:
    paths = np.zeros((4, 10))
    paths[0] = 0.1
    paths[1:, 3], paths[1:, 5] = [0.3, 0.6, 0.9], [0.7, 0.4, 0.1]
    figure = probability_paths([1, 2, 3, 4], paths)
    assert [trace.name for trace in figure.data if "text" in trace.mode] == ["3", "5"]
    assert list(figure.data[3].text) == ["", "3", "3", "3"]


@pytest.mark.parametrize(("p", "text"), [(0, ""), (0.0004, ""), (0.123, "12.3 %"), (0.99951, "> 99.9 %")])
def test_percent(p: float, text: str) -> None:
    assert percent(p) == text


def test_empty_input_draws_an_empty_figure() -> None:
    assert not digit_picture([]).data
    assert not probability_bars([]).data
    assert not probability_paths([], []).data
