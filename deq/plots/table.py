"""The numbers behind a figure, read back from the figure as a table for download."""

import re
from collections.abc import Iterator

import numpy as np
import plotly.graph_objects as go

BOX = ("lowerfence", "q1", "median", "q3", "upperfence")
Row = tuple[str, object, object, object]  # curve, x, y, value of a map or None


def figure_table(figure: go.Figure) -> dict[str, list[object]]:
    """One row per point, cell of a map, or statistic of a box: its curve, x, y, and the value of a map.

    With a single pair of axes, x and y have the names of the axes. Empty columns are left out.
    """
    rows = [row for k, trace in enumerate(figure.data) for row in _rows(trace, f"{trace.type} {k + 1}")]
    one_pair = len({(trace.xaxis, trace.yaxis) for trace in figure.data}) == 1
    x, y = (_plain(axis.title.text) for axis in (figure.layout.xaxis, figure.layout.yaxis))
    names = ("curve", x, y, "value") if one_pair and x and y and x != y else ("curve", "x", "y", "value")
    columns = zip(*rows, strict=True) if rows else [()] * 4
    table = {name: list(column) for name, column in zip(names, columns, strict=True)}
    return {name: column for name, column in table.items() if any(entry is not None for entry in column)}


def _rows(trace: go.Figure, name: str) -> Iterator[Row]:
    curve = _plain(trace.name) or name
    if trace.type == "box":
        for statistic in BOX:
            yield f"{curve}, {statistic}", getattr(trace, statistic)[0], trace.y[0], None
    elif trace.type in ("heatmap", "contour"):
        values = np.asarray(trace.z, float)
        x = np.arange(values.shape[1]) if trace.x is None else trace.x
        y = np.arange(values.shape[0]) if trace.y is None else trace.y
        for i, j in np.ndindex(values.shape):
            yield curve, x[j], y[i], values[i, j]
    else:
        y = () if trace.y is None else trace.y
        x = np.arange(len(y)) if trace.x is None else trace.x
        drawn = [value for value in y if value == value]  # NaN differs from itself
        if drawn:
            yield from ((curve, place, value, None) for place, value in zip(x, y, strict=True))


def _plain(text: str | None) -> str:
    """Text without plotly's tags: z<sub>1</sub> is z1."""
    return re.sub(r"<[^>]+>", "", (text or "").replace("<br>", " "))
