"""Plots of training: predictions over a line, and several runs compared."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.style import (
    ACCENT,
    DIGIT_COLORS,
    FAILED_MARKER,
    FAILED_TEXT,
    NEUTRAL,
    AxisType,
    label_ends,
    styled_figure,
)

HEIGHT = 340  # pixels


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
