"""Our figures are plain dictionaries; plotly accepts each, and finds in it what the page sends."""

import base64
import copy
import importlib
import inspect
import json
import pkgutil
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io
import pytest

import deq.plots
from deq.plots.figure import Figure
from deq.plots.style import EQUILIBRIUM_MARKER, styled_figure
from tests.plots.figures import FIGURES


def test_every_figure_function_is_in_the_list():
    modules = [
        importlib.import_module(f"deq.plots.{found.name}")
        for found in pkgutil.iter_modules(deq.plots.__path__)
    ]
    functions = {
        name: function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_") and inspect.signature(function).return_annotation in (Figure, go.Figure)
    }
    assert set(functions) == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_plotly_finds_in_a_figure_what_the_page_sends(name: str) -> None:
    """It has not built the figure before: `plain` would raise."""
    figure = FIGURES[name]()
    sent = json.loads(plotly.io.to_json(figure.spec(), validate=False))
    built = json.loads(plotly.io.to_json(go.Figure(figure.plain)))
    del built["layout"]["template"]
    assert unpacked(sent) == unpacked(built)


def unpacked(part: Any) -> Any:
    """JSON with its arrays as lists, and no number that JSON has not."""
    if isinstance(part, dict) and "bdata" in part:
        values = np.frombuffer(base64.b64decode(part["bdata"]), part["dtype"]).astype(float)
        shape = [int(side) for side in part.get("shape", str(values.size)).split(",")]
        return unpacked(np.where(np.isfinite(values), values, None).reshape(shape).tolist())
    if isinstance(part, float):
        return float(f"{part:.9g}")  # plotly wraps angles
    if isinstance(part, dict):
        return {key: unpacked(value) for key, value in part.items()}
    return [unpacked(value) for value in part] if isinstance(part, list) else part


def test_a_figure_is_plotlys_as_soon_as_more_is_asked_of_it() -> None:
    figure = styled_figure("x", "y").add_scatter(x=[1, 2], y=[3, 4], marker=dict(EQUILIBRIUM_MARKER))
    figure.update_xaxes(title={"font": {"size": 9}}, nticks=None).update_layout(legend_title_text="who")
    assert isinstance(figure, go.Figure)
    title = figure.layout.xaxis.title
    assert (title.text, title.font.size) == ("x", 9)
    assert figure.layout.xaxis.nticks is None
    assert figure.layout.legend.title.text == "who"
    figure.add_scatter(x=[0], y=[0]).update_yaxes(type="log").update_traces(marker_line_width=7)
    assert [trace.marker.line.width for trace in copy.deepcopy(figure).data] == [7, 7]
    assert figure.spec()["layout"]["yaxis"]["type"] == "log"
    with pytest.raises(ValueError, match="Plotly has built"):
        _ = figure.traces


def test_a_shared_look_survives_what_is_done_to_one_figure() -> None:
    before = copy.deepcopy(dict(EQUILIBRIUM_MARKER))
    figure = styled_figure("x", "y").add_scatter(x=[1], y=[1], marker=dict(EQUILIBRIUM_MARKER))
    figure.update_layout(xaxis={"title": {"text": "z"}}).update_traces(marker={"line": {"width": 9}})
    assert dict(EQUILIBRIUM_MARKER) == before


def test_plotly_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="colour"):
        styled_figure("x", "y").add_scatter(x=[1], y=[1], marker={"colour": "red"}).to_json()
