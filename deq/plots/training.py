"""Plots of training: predictions over a line or a plane, their cost, and several runs compared."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.plane import nfe_map
from deq.plots.style import (
    ACCENT,
    DIGIT_COLORS,
    FAILED_MARKER,
    FAILED_TEXT,
    HIGHLIGHT,
    NEUTRAL,
    AxisType,
    label_ends,
    styled_figure,
)

HEIGHT = 340  # pixels
CLASS_COLORS = (ACCENT, HIGHLIGHT)
# From the colour of class 0 to that of class 1, pale enough for points to stand out.
CLASS_SCALE = [
    [0, "rgba(0, 114, 178, 0.45)"],
    [0.5, "rgba(128, 128, 128, 0.05)"],
    [1, "rgba(230, 159, 0, 0.45)"],
]


def fitted_curve(
    x: ArrayLike,
    truth: ArrayLike,
    grid: ArrayLike,
    prediction: ArrayLike,
    converged: ArrayLike,
) -> Figure:
    """Predictions (m,) over a grid (m,) and true points (n,) at x (n,); failed solves are crosses."""
    figure = styled_figure("input x", "output y", height=HEIGHT)
    points = {"color": NEUTRAL, "size": 4, "opacity": 0.6}
    hover = "data<br>x = %{x:.2f}<br>y = %{y:.3f}<extra></extra>"
    figure.add_scatter(x=x, y=truth, mode="markers", marker=points, hovertemplate=hover)
    grid, prediction = np.asarray(grid, float), np.asarray(prediction, float)
    good = np.asarray(converged, bool)
    hover = "model<br>x = %{x:.2f}<br>y = %{y:.3f}<extra></extra>"
    line = {"color": ACCENT, "width": 2.5}
    settled = np.where(good, prediction, np.nan)
    figure.add_scatter(x=grid, y=settled, mode="lines", line=line, hovertemplate=hover)
    if not good.all():
        marker, hover = dict(FAILED_MARKER) | {"size": 7}, f"{FAILED_TEXT}<br>x = %{{x:.2f}}<extra></extra>"
        failed = grid[~good], prediction[~good]
        figure.add_scatter(x=failed[0], y=failed[1], mode="markers", marker=marker, hovertemplate=hover)
    return figure


def decision_boundary(
    points: ArrayLike, labels: ArrayLike, grid: ArrayLike, probability: ArrayLike
) -> Figure:
    """Probability of class 1 over a square grid (m * m, 2), its boundary, and the points (n, 2) by label (n,)."""
    figure = styled_figure("x₁", "x₂", height=HEIGHT)
    figure.update_yaxes(scaleanchor="x", constrain="domain").update_xaxes(constrain="domain")
    side, values = _as_square(grid, probability)
    hover = "class 1: %{z:.0%}<extra></extra>"
    shade = {"colorscale": CLASS_SCALE, "zmin": 0, "zmax": 1, "showscale": False, "hovertemplate": hover}
    figure.add_heatmap(x=side, y=side, z=values, zsmooth="best", **shade)
    boundary = {"start": 0.5, "end": 0.5, "size": 1, "coloring": "none"}
    line = {"color": NEUTRAL, "width": 2}
    figure.add_contour(
        x=side, y=side, z=values, contours=boundary, line=line, showscale=False, hoverinfo="skip"
    )
    points, labels = np.asarray(points, float), np.asarray(labels)
    for label, color in enumerate(CLASS_COLORS):
        x, y = points[labels == label].T
        marker = {"color": color, "size": 4}
        figure.add_scatter(x=x, y=y, mode="markers", marker=marker, hoverinfo="skip")
    return figure


def effort_map(grid: ArrayLike, nfe: ArrayLike, converged: ArrayLike) -> Figure:
    """Evaluations of f (m * m,) over a square grid of inputs (m * m, 2); failed solves are red."""
    side, values = _as_square(grid, nfe)
    figure = nfe_map(side, values, _as_square(grid, converged)[1], height=HEIGHT)
    return figure.update_xaxes(title={"text": "x₁"}).update_yaxes(title={"text": "x₂"})


def compared_runs(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    name: str,
    y_type: AxisType = "linear",
) -> Figure:
    """One metric of several runs against updates. curves: run -> (updates (n,), values (n,)); NaN left out."""
    figure = styled_figure("update", name, y_type=y_type, height=HEIGHT)
    ends = []
    for i, (run, (step, values)) in enumerate(curves.items()):
        step, values = np.asarray(step, float), np.asarray(values, float)
        known = np.isfinite(values) & ((values > 0) | (y_type == "linear"))
        if not known.any():
            continue
        step, values, color = step[known], values[known], DIGIT_COLORS[i % len(DIGIT_COLORS)]
        hover = f"{run}<br>update %{{x}}<br>%{{y:.4g}}<extra></extra>"
        line = {"color": color, "width": 2}
        figure.add_scatter(
            x=step, y=values, mode="lines+markers", line=line, marker={"size": 4}, hovertemplate=hover
        )
        ends.append((run, float(step[-1]), float(values[-1]), color))
    if ends:
        label_ends(figure, ends)
        figure.update_layout(margin={"r": 90})
    return figure


def _as_square(grid: ArrayLike, values: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The axis (m,) of a square grid (m * m, 2), row by row from the bottom, and the values as (m, m)."""
    grid, values = np.asarray(grid, float), np.asarray(values, float)
    m = round(len(grid) ** 0.5)
    return grid[:m, 0], values.reshape(m, m)
