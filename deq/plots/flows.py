"""Iteration and ODE side by side: x' = f(x) - x against time, its phase line, and where each of them settles."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from deq.plots.style import (
    EQUILIBRIUM_MARKER,
    HIGHLIGHT,
    NEUTRAL,
    START_MARKER,
    UNSTABLE_MARKER,
    add_level,
    label_ends,
    solver_style,
    styled_figure,
)


def flow_and_steps(
    times: ArrayLike,
    flow: ArrayLike,
    euler: ArrayLike,
    step: float,
    fixed: ArrayLike = (),
    *,
    height: int = 400,
) -> go.Figure:
    """x(t) of the flow, (n,) over times (n,), and the iterates x_k of Euler's method, (m,), at t = k step.

    Euler with step 1 is Picard iteration; a smaller step is a damped one. fixed: levels of the fixed points.
    """
    times, flow, euler = (np.asarray(values, float) for values in (times, flow, euler))
    figure = styled_figure("time t", "x", height=height)
    if not len(times):
        return figure
    for level in np.asarray(fixed, float):
        line = {"color": NEUTRAL, "dash": "dot", "width": 1}
        figure.add_shape(type="line", x0=0, x1=float(times[-1]), y0=level, y1=level, line=line)
    name = "Picard" if step == 1 else "damped Picard"
    curves = [
        ("ODE flow", times, flow, "lines"),
        (name, step * np.arange(len(euler)), euler, "lines+markers"),
    ]
    ends = []
    for label, t, x, mode in curves:
        seen = np.isfinite(x)
        if not seen.any():
            continue
        style = solver_style(label)
        figure.add_scatter(
            x=t[seen],
            y=x[seen],
            name=label,
            mode=mode,
            line=style.line | {"dash": "solid"},
            marker={"symbol": style.marker, "size": 7, "color": style.color},
            hovertemplate=f"{label}<br>t = %{{x:.2f}}<br>x = %{{y:.4g}}<extra></extra>",
        )
        ends.append((label, float(t[seen][-1]), float(x[seen][-1]), style.color))
    figure.add_scatter(x=[0], y=flow[:1], mode="markers", marker=dict(START_MARKER), hoverinfo="skip")
    label_ends(figure, ends)
    return figure.update_xaxes(range=[-0.02 * float(times[-1]), 1.3 * float(times[-1])])


def phase_line(
    x: ArrayLike, velocity: ArrayLike, fixed: ArrayLike, stable: ArrayLike, *, height: int = 340
) -> go.Figure:
    """Velocity x' = f(x) - x against x, both (n,), with arrows along x' = 0 and the steady states on it."""
    x, velocity, fixed = (np.asarray(values, float) for values in (x, velocity, fixed))
    figure = styled_figure("x", "x' = f(x) - x", height=height)
    if not len(x):
        return figure
    color = solver_style("ODE flow").color
    add_level(figure, 0.0, "solid")
    hover = "x = %{x:.3g}<br>x' = %{y:.3g}<extra></extra>"
    figure.add_scatter(x=x, y=velocity, mode="lines", line={"color": color, "width": 2}, hovertemplate=hover)
    places = np.linspace(0, len(x) - 1, 23).round().astype(int)[1:-1]
    places = places[np.isfinite(velocity[places])]
    symbols = np.where(velocity[places] > 0, "triangle-right", "triangle-left")
    figure.add_scatter(
        x=x[places],
        y=np.zeros(len(places)),
        mode="markers",
        marker={"symbol": symbols.tolist(), "size": 10, "color": color},
        hoverinfo="skip",
    )
    add_fixed_points(figure, fixed, np.zeros(len(fixed)), np.asarray(stable, bool))
    height_seen = (
        np.nanquantile(np.abs(velocity[np.isfinite(velocity)]), 0.98) if np.isfinite(velocity).any() else 1
    )
    return figure.update_yaxes(range=[-1.1 * height_seen, 1.1 * height_seen])


def add_fixed_points(figure: go.Figure, x: np.ndarray, y: np.ndarray, stable: np.ndarray) -> None:
    """Filled discs where stable, open ones where not."""
    for chosen, marker in ((stable, EQUILIBRIUM_MARKER), (~stable, UNSTABLE_MARKER)):
        if chosen.any():
            figure.add_scatter(
                x=x[chosen],
                y=y[chosen],
                mode="markers",
                marker=dict(marker),
                showlegend=False,
                hovertemplate="fixed point (%{x:.4g}, %{y:.4g})<extra></extra>",
            )


def stability_regions(eigenvalues: ArrayLike, damping: float, *, height: int = 340) -> go.Figure:
    """Where an eigenvalue l of df/dz may lie in the complex plane for each method to settle.

    Picard: |λ| < 1. Damped: |1 - damping + damping λ| < 1. The flow: Re λ < 1. eigenvalues: (n,) complex.
    """
    values = np.asarray(eigenvalues, complex).ravel()
    values = values[np.isfinite(values)]
    figure = styled_figure("Re λ", "Im λ", height=height)
    reach = float(min(max(2.6, 1.25 * np.max(np.abs(values), initial=0)), 50))
    left, right = -reach - 0.2, max(1.6, 1.25 * float(np.max(values.real, initial=0)))
    flow, damped, picard = (solver_style(name).color for name in ("ODE flow", "damped Picard", "Picard"))
    figure.add_shape(
        type="rect",
        x0=4 * left,
        x1=1,
        y0=-4 * reach,
        y1=4 * reach,
        fillcolor=flow,
        opacity=0.1,
        layer="below",
        line_width=0,
    )
    figure.add_vline(x=1, line={"color": flow, "width": 1})
    for color, radius in ((damped, 1 / damping), (picard, 1.0)):
        figure.add_shape(
            type="circle",
            x0=1 - 2 * radius,
            x1=1,
            y0=-radius,
            y1=radius,
            fillcolor=color,
            opacity=0.22,
            layer="below",
            line={"color": color, "width": 2},
        )
    _label_regions(figure, damping, reach, left)
    figure.add_scatter(
        x=values.real,
        y=values.imag,
        mode="markers",
        marker={"symbol": "diamond", "size": 12, "color": HIGHLIGHT, "line": {"color": "black", "width": 1}},
        hovertemplate="l = %{x:.3f} %{y:+.3f} i<extra></extra>",
    )
    figure.update_xaxes(range=[left, right], constrain="domain")
    return figure.update_yaxes(
        range=[-0.6 * reach - 0.2, 0.6 * reach + 0.2], scaleanchor="x", constrain="domain"
    )


def _label_regions(figure: go.Figure, damping: float, reach: float, left: float) -> None:
    """Names inside the regions, in the page's own text colour: on a tinted ground a tinted word is hard to read."""
    labels = [("flow: Re λ < 1", left, 0.6 * reach), ("Picard", -0.35, -0.75)]
    if damping < 1:
        labels.append(("damped", max(1 - 1.9 / damping, left), 0.25))
    for text, x, y in labels:
        figure.add_annotation(
            x=x, y=y, text=text, showarrow=False, font={"size": 13}, xanchor="left", xshift=4
        )
