"""The numbers of a figure as a table."""

import math

import numpy as np
import plotly.graph_objects as go

from deq.plots.prediction import digit_picture
from deq.plots.residuals import residual_curves
from deq.plots.style import SOLVER_STYLES, solver_key
from deq.plots.table import figure_table
from deq.plots.test_set import detector_boxes


def test_columns_have_the_names_of_the_axes() -> None:
    runs = {"Picard": ([1, 2], [0.5, 0.25]), "Anderson": ([1, 3], [0.5, 1e-9])}
    table = figure_table(residual_curves(runs, 1e-3))
    assert list(table) == ["curve", "evaluations of f", "relative residual"]
    rows = set(zip(*table.values(), strict=True))
    assert {("Picard", 2, 0.25), ("Anderson", 3, 1e-9)} <= rows


def test_a_map_gives_every_cell() -> None:
    image = np.arange(6, dtype=np.uint8).reshape(2, 3)
    table = figure_table(digit_picture(image))
    assert table["value"] == [0, 1, 2, 3, 4, 5]
    assert (table["x"][4], table["y"][4]) == (1, 1)


def test_a_box_gives_its_quantiles() -> None:
    table = figure_table(detector_boxes({"digits": np.arange(101.0)}, {}, "score", None, log=False))
    assert dict(zip(table["curve"], table["x"], strict=True))["box 1, median"] == 50
    assert table["y"] == ["digits"] * 5


def test_gaps_are_kept_and_tags_removed() -> None:
    figure = go.Figure(
        layout={"xaxis": {"title": {"text": "z<sub>1</sub>"}}, "yaxis": {"title": {"text": "t"}}}
    )
    figure.add_scatter(y=[1.0, math.nan], name="<b>way</b>")
    figure.add_scatter(y=[math.nan], name="not drawn")
    table = figure_table(figure)
    assert list(table) == ["curve", "z1", "t"]
    assert table["curve"] == ["way", "way"]
    assert table["z1"] == [0, 1]
    assert math.isnan(table["t"][1])
    assert figure_table(go.Figure()) == {}


def test_the_key_draws_every_solver_in_its_style() -> None:
    drawn = {trace.name: trace for trace in solver_key().data}
    assert drawn.keys() == SOLVER_STYLES.keys()
    for name, style in SOLVER_STYLES.items():
        assert drawn[name].line.to_plotly_json() == style.line
        assert drawn[name].marker.symbol == style.marker
