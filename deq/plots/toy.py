"""Plots of the toy: predictions against the truth, values against depth, loss against updates."""

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.style import (
    ACCENT,
    EQUILIBRIUM_MARKER,
    FAILED_MARKER,
    FAILED_TEXT,
    NEUTRAL,
    solver_style,
    styled_figure,
)

TRUTH_LINE = {"color": NEUTRAL, "dash": "dash", "width": 1}


def prediction_line(
    x: ArrayLike,
    prediction: ArrayLike,
    converged: ArrayLike,
    slope: float,
    trained: tuple[float, float],
    height: int = 380,
) -> Figure:
    """Predictions (n,) at x (n,) against the truth y = slope x; the training interval is shaded.

    converged: (n,) bool; where False, the last iterate is a red cross.
    """
    figure = styled_figure("input x", "output z*", height=height)
    x, prediction, converged = (
        np.asarray(x, float),
        np.asarray(prediction, float),
        np.asarray(converged, bool),
    )
    if not len(x):
        return figure
    ends = np.array([x.min(), x.max()])
    _shade(figure, trained)
    figure.add_scatter(x=ends, y=slope * ends, mode="lines", line=TRUTH_LINE, hoverinfo="skip")
    _add_points(figure, x[converged], prediction[converged], dict(EQUILIBRIUM_MARKER) | {"size": 9}, "model")
    _add_points(figure, x[~converged], prediction[~converged], dict(FAILED_MARKER), FAILED_TEXT)
    _write(
        figure,
        ends[1],
        slope * ends[1],
        f"y = {slope:g}x",
        {"xanchor": "right", "yanchor": "bottom", "xshift": -12},
    )
    _write(figure, sum(trained) / 2, slope * ends[0], "training", {"yanchor": "bottom"})
    return figure


def depth_trajectories(values: ArrayLike, targets: ArrayLike, height: int = 380) -> Figure:
    """Value of z after k applications of the cell, one curve per sample; a tick at the right marks its target.

    values: (n, depth), NaN past the end of a sample; targets: (n,).
    """
    figure = styled_figure("applications of the cell", "value z", height=height)
    values, targets = np.asarray(values, float), np.asarray(targets, float)
    if not values.size:
        return figure
    last = int(np.max(np.sum(~np.isnan(values), axis=1))) - 1
    style = solver_style("Picard")
    for curve, target in zip(values, targets, strict=True):
        hover = f"target {target:g}<br>applications: %{{x}}<br>z = %{{y:.3f}}<extra></extra>"
        line = {"color": style.color, "width": 1.5}
        figure.add_scatter(y=curve[: last + 1], mode="lines", line=line, hovertemplate=hover)
    marker = {"symbol": "line-ew", "size": 12, "line": {"width": 2, "color": NEUTRAL}}
    hover = "target %{y:g}<extra></extra>"
    edge = np.full(len(targets), last + 1.5)
    figure.add_scatter(x=edge, y=targets, mode="markers", marker=marker, hovertemplate=hover)
    return figure


def loss_curve(step: ArrayLike, loss: ArrayLike, height: int = 380) -> Figure:
    """Training loss (n,) against updates (n,) on a log axis; values that are not positive and finite are left out."""
    figure = styled_figure("update", "mean squared error", y_type="log", height=height)
    step, loss = np.asarray(step, float), np.asarray(loss, float)
    known = np.isfinite(loss) & (loss > 0)
    if not known.any():
        return figure
    step, loss = step[known], loss[known]
    hover = "update %{x}<br>loss %{y:.2e}<extra></extra>"
    figure.add_scatter(x=step, y=loss, mode="lines", line={"color": ACCENT, "width": 2}, hovertemplate=hover)
    figure.update_xaxes(range=[0, 1.03 * step.max()])
    decades = np.log10(loss.max() / loss.min())
    figure.update_yaxes(dtick=max(1, round(decades / 5)))
    return figure


def _shade(figure: Figure, interval: tuple[float, float]) -> None:
    (x0, x1), look = interval, {"fillcolor": ACCENT, "opacity": 0.08, "line": {"width": 0}, "layer": "below"}
    figure.add_shape(type="rect", yref="y domain", x0=x0, x1=x1, y0=0, y1=1, **look)


def _add_points(figure: Figure, x: np.ndarray, y: np.ndarray, marker: dict[str, object], name: str) -> None:
    hover = f"{name}<br>x = %{{x:g}}<br>z = %{{y:.3f}}<extra></extra>"
    figure.add_scatter(x=x, y=y, mode="markers", marker=marker, name=name, hovertemplate=hover)


def _write(figure: Figure, x: float, y: float, text: str, place: dict[str, object]) -> None:
    font = {"size": 12, "color": NEUTRAL}
    figure.add_annotation(x=x, y=y, text=text, showarrow=False, font=font, **place)
