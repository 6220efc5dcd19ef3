"""The iteration as an ODE: x(t) of x' = f(x) - x beside Euler's steps, and the phase line."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.style import (
    EQUILIBRIUM_MARKER,
    NEUTRAL,
    START_MARKER,
    UNSTABLE_MARKER,
    add_level,
    add_line,
    label_ends,
    solver_style,
    styled_figure,
)


def flow_and_steps(
    times: ArrayLike, flow: ArrayLike, euler: ArrayLike, step: float, fixed: ArrayLike = ()
) -> Figure:
    """x(t) of the flow, (n,) over times (n,), and the iterates x_k of Euler's method, (m,), at t = k step.

    Euler with step 1 is Picard iteration, with a smaller step damped Picard. fixed: levels of the fixed points.
    """
    times, flow, euler = (np.asarray(values, float) for values in (times, flow, euler))
    figure = styled_figure("time t", "x", height=370)
    if not len(times):
        return figure
    for level in np.asarray(fixed, float):
        line = {"color": NEUTRAL, "dash": "dot", "width": 1}
        figure.add_shape(type="line", x0=0, x1=float(times[-1]), y0=level, y1=level, line=line)
    picard = "Picard" if step == 1 else "damped Picard"
    ends = []
    for name, t, x in (("ODE flow", times, flow), (picard, step * np.arange(len(euler)), euler)):
        seen = np.isfinite(x)
        if not seen.any():
            continue
        style = replace(solver_style(name), dash="solid")
        add_line(figure, name, t[seen], x[seen], style, "t = %{x:.2f}<br>x = %{y:.4g}")
        ends.append((name, float(t[seen][-1]), float(x[seen][-1]), style.color))
    figure.add_scatter(x=[0], y=flow[:1], mode="markers", marker=dict(START_MARKER), hoverinfo="skip")
    label_ends(figure, ends)
    return figure.update_xaxes(range=[-0.02 * float(times[-1]), 1.3 * float(times[-1])])


def phase_line(x: ArrayLike, velocity: ArrayLike, fixed: ArrayLike, stable: ArrayLike) -> Figure:
    """Velocity x' = f(x) - x against x, both (n,), with arrows along x' = 0 and the steady states on it."""
    x, velocity, fixed = (np.asarray(values, float) for values in (x, velocity, fixed))
    figure = styled_figure("x", "x' = f(x) − x", height=340)
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


def add_fixed_points(figure: Figure, x: np.ndarray, y: np.ndarray, stable: np.ndarray) -> None:
    """Filled discs for stable fixed points, open ones for unstable."""
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
