"""The distance of an orbit to its fixed point, against the iteration."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.style import (
    NEUTRAL,
    add_line,
    label_ends,
    solver_style,
    styled_figure,
    whole_decades,
)

SMALLEST = 1e-16  # smaller distances are rounding errors


def distance_curve(
    distance: ArrayLike,
    rate: float | None = None,
    *,
    y_title: str = "distance to x*",
    damped: bool = False,
) -> Figure:
    """A distance against k on a log axis, with the predicted line that changes by the factor `rate` per step.

    distance: (n + 1,), NaN past its end: to the fixed point, with rate |g'(x*)|, or between two orbits.
    """
    distance = np.asarray(distance, float)
    figure = styled_figure("iteration k", y_title, y_type="log", height=290)
    with np.errstate(invalid="ignore"):
        seen = np.isfinite(distance) & (distance > SMALLEST)
    if not seen.any():
        return figure
    k = np.flatnonzero(seen)
    style = solver_style("damped Picard" if damped else "Picard")
    if rate is not None and 1e-6 < rate < 1e6:
        _add_rate(figure, k, distance[seen], rate)
    figure.add_scatter(
        x=k,
        y=distance[seen],
        mode="lines+markers",
        line=style.line | {"dash": "solid"},
        marker={"symbol": style.marker, "size": 5},
        hovertemplate="k = %{x}<br>distance %{y:.2e}<extra></extra>",
    )
    whole_decades(figure, distance[seen].min(), distance[seen].max())
    return figure


def _add_rate(figure: Figure, k: np.ndarray, distance: np.ndarray, rate: float) -> None:
    """The predicted line, through a point where the linear law holds: late if distances shrink, the first if they
    grow. It is drawn beneath the data, and is wide to be seen on both sides of them."""
    anchor = len(k) * 2 // 3 if rate <= 1 else 0
    line = distance[anchor] * rate ** (k - k[anchor]).astype(float)
    wide = {"color": NEUTRAL, "width": 7}
    figure.add_scatter(x=k, y=line, mode="lines", line=wide, opacity=0.6, hoverinfo="skip")
    figure.add_annotation(  # in the corner that the curve leaves free
        xref="x domain",
        yref="y domain",
        x=1,
        y=1 if rate <= 1 else 0,
        text=f"factor {rate:.4f} per step",
        showarrow=False,
        xanchor="right",
        yanchor="top" if rate <= 1 else "bottom",
        font={"color": NEUTRAL, "size": 13},
    )


def solver_distances(curves: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> Figure:
    """Distance to the fixed point against evaluations of f. curves: solver -> (nfe, distance), both (n,)."""
    figure = styled_figure("evaluations of f", "distance to x*", y_type="log")
    ends = []
    for name, (nfe, distance) in curves.items():
        nfe, distance = np.asarray(nfe, float), np.asarray(distance, float)
        seen = np.isfinite(distance) & (distance > SMALLEST)
        if not seen.any():
            continue
        style = solver_style(name)
        add_line(figure, name, nfe[seen], distance[seen], style, "evaluations: %{x}<br>distance %{y:.2e}")
        ends.append((name, float(nfe[seen][-1]), float(distance[seen][-1]), style.color))
    label_ends(figure, ends)
    if ends:
        drawn = np.concatenate([found["y"] for found in figure.traces])
        whole_decades(figure, drawn.min(), drawn.max())
        longest = max(end[1] for end in ends)
        figure.update_xaxes(range=[0, 1.25 * longest + 1])
    return figure
