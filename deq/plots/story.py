"""The small pictures of the front page: a layer applied for ever, and a flow that spirals in."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from deq.plots.style import DIVERGING, EQUILIBRIUM_MARKER, START_MARKER, solver_style, styled_figure


def layer_picture(states: ArrayLike, height: int = 220) -> go.Figure:
    """One column of colour a layer: unit values after k applications. states: (depth, units), NaN past the end."""
    values = np.asarray(states, float)
    values = values[~np.isnan(values).any(axis=1)]
    figure = styled_figure("times the layer was applied", "unit", height=height)
    if not len(values):
        return figure
    figure.add_heatmap(
        z=values.T,
        colorscale=DIVERGING,
        zmid=0,
        showscale=False,
        hovertemplate="unit %{y}<br>after %{x} applications<br>value %{z:.3f}<extra></extra>",
    )
    figure.update_yaxes(showticklabels=False, showgrid=False)
    figure.update_xaxes(showgrid=False)
    return figure


def flow_picture(paths: ArrayLike, steady: ArrayLike, height: int = 220) -> go.Figure:
    """Ways through the plane to one steady state. paths: (n, steps, 2), NaN past the end; steady: (2,)."""
    figure = styled_figure("z<sub>1</sub>", "z<sub>2</sub>", height=height)
    paths = np.asarray(paths, float)
    color = solver_style("ODE flow").color
    for path in paths:
        figure.add_scatter(
            x=path[:, 0], y=path[:, 1], mode="lines", line={"color": color, "width": 1}, hoverinfo="skip"
        )
    if not len(paths):
        return figure
    figure.add_scatter(
        x=paths[:, 0, 0], y=paths[:, 0, 1], mode="markers", marker=dict(START_MARKER) | {"size": 5}
    )
    figure.add_scatter(x=[steady[0]], y=[steady[1]], mode="markers", marker=dict(EQUILIBRIUM_MARKER))
    figure.data[-2].hovertemplate = "start (%{x:.2f}, %{y:.2f})<extra></extra>"
    figure.data[-1].hovertemplate = "steady state (%{x:.3f}, %{y:.3f})<extra></extra>"
    figure.update_yaxes(scaleanchor="x")
    return figure
