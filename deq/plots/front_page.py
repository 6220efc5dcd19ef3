"""The small plots of the front page: iterated cosine, a repeated layer, a flow that spirals in."""

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.cobweb import cobweb_path
from deq.plots.figure import Figure
from deq.plots.style import (
    DIVERGING,
    EQUILIBRIUM_MARKER,
    NEUTRAL,
    START_MARKER,
    solver_style,
    styled_figure,
)

WINDOW = (-1.15, 2.15)  # radians, of x in the cosine plot
HEIGHT = 220  # pixels


def cosine_picture(orbit: ArrayLike) -> Figure:
    """The cobweb of x <- cos x. orbit: (n,) in radians, NaN past the end."""
    figure = styled_figure("x", "cos x", height=HEIGHT)
    orbit = np.asarray(orbit, float)
    orbit = orbit[~np.isnan(orbit)]
    if not len(orbit):
        return figure
    x = np.linspace(*WINDOW, 201)
    for y, dash in ((np.cos(x), "solid"), (x, "dash")):
        _add_line(figure, x, y, {"color": NEUTRAL, "dash": dash, "width": 1.5})
    path = np.vstack([[orbit[0], 0.0], cobweb_path(orbit)[1:]])
    _add_line(figure, path[:, 0], path[:, 1], solver_style("Picard").line)
    _add_point(figure, path[0], dict(START_MARKER), f"start {orbit[0]:.2f}")
    _add_point(figure, orbit[[-1, -1]], dict(EQUILIBRIUM_MARKER), f"cos x = x at {orbit[-1]:.6f}")
    return figure.update_xaxes(range=WINDOW).update_yaxes(range=[-0.6, 1.15])


def layer_picture(states: ArrayLike) -> Figure:
    """Unit values after k applications, one column per k. states: (depth, units), NaN past the end."""
    values = np.asarray(states, float)
    values = values[~np.isnan(values).any(axis=1)]
    figure = styled_figure("applications of the layer", "unit", height=HEIGHT)
    if not len(values):
        return figure
    hover = "unit %{y}<br>after %{x} applications<br>value %{z:.3f}<extra></extra>"
    figure.add_heatmap(z=values.T, colorscale=DIVERGING, zmid=0, showscale=False, hovertemplate=hover)
    figure.update_yaxes(showticklabels=False, showgrid=False, ticks="")
    return figure.update_xaxes(showgrid=False)


def flow_picture(paths: ArrayLike, steady: ArrayLike) -> Figure:
    """Trajectories in the plane to one steady state. paths: (n, steps, 2), NaN past the end; steady: (2,)."""
    figure = styled_figure("z<sub>1</sub>", "z<sub>2</sub>", height=HEIGHT)
    paths, steady = np.asarray(paths, float), np.asarray(steady, float)
    if not len(paths):
        return figure
    for path in paths:
        _add_line(figure, path[:, 0], path[:, 1], {"color": solver_style("ODE flow").color, "width": 1})
    for start in paths[:, 0]:
        _add_point(figure, start, dict(START_MARKER) | {"size": 5}, f"start ({start[0]:.2f}, {start[1]:.2f})")
    _add_point(figure, steady, dict(EQUILIBRIUM_MARKER), f"steady state ({steady[0]:.3f}, {steady[1]:.3f})")
    return figure.update_yaxes(scaleanchor="x").update_xaxes(constrain="domain")


def _add_line(figure: Figure, x: np.ndarray, y: np.ndarray, line: dict[str, object]) -> None:
    figure.add_scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")


def _add_point(figure: Figure, place: np.ndarray, marker: dict[str, object], text: str) -> None:
    hover = f"{text}<extra></extra>"
    figure.add_scatter(x=place[:1], y=place[1:], mode="markers", marker=marker, hovertemplate=hover)
