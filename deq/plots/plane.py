"""Plots in the plane: phase portrait, basins, and the cost of a solve by its start."""

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.flows import add_fixed_points
from deq.plots.style import DIGIT_COLORS, FAILED_RED, GRID, NEUTRAL, SEQUENTIAL, solver_style, styled_figure

Z1, Z2 = "z<sub>1</sub>", "z<sub>2</sub>"
UNREACHED = "rgba(128, 128, 128, 0.25)"
NULLCLINES = ("#2E8B7A", "#8A8A2E")  # 3:1 on white and on slate


def phase_portrait(
    axis: ArrayLike,
    velocity: ArrayLike,
    *,
    iteration: ArrayLike = (),
    flow: ArrayLike = (),
    fixed: ArrayLike = (),
    stable: ArrayLike = (),
) -> Figure:
    """The field dz/dt = f(z) - z with its nullclines and trajectories of iteration and flow.

    axis: (m,) of the square grid; velocity: (m, m, 2), the first index along z2. iteration, flow: (steps, n, 2)
    from n starts. fixed: (k, 2); stable: (k,) bool, for the iteration.
    """
    axis, velocity = np.asarray(axis, float), np.asarray(velocity, float)
    figure = styled_figure(Z1, Z2, height=580)
    if not len(axis):
        return figure
    _add_arrows(figure, axis, velocity)
    for component, color in enumerate(NULLCLINES):
        _add_nullcline(figure, axis, velocity[..., component], component, color)
    _add_paths(figure, np.asarray(flow, float), "ODE flow", "lines")
    _add_paths(figure, np.asarray(iteration, float), "Picard", "lines+markers")
    points = np.asarray(fixed, float).reshape(-1, 2)
    add_fixed_points(figure, points[:, 0], points[:, 1], np.asarray(stable, bool))
    return _square(figure, axis).update_layout(showlegend=True, margin={"t": 56})


def _add_arrows(figure: Figure, axis: np.ndarray, velocity: np.ndarray) -> None:
    """About 17 x 17 arrows of bounded length, so that slow regions remain visible."""
    every = max(1, len(axis) // 17)
    field = velocity[::every, ::every].reshape(-1, 2)
    first, second = np.meshgrid(axis[::every], axis[::every])
    tails = np.stack([first.ravel(), second.ravel()], axis=1)
    speed = np.linalg.norm(field, axis=1, keepdims=True)
    spacing = (axis[-1] - axis[0]) * every / len(axis)
    tips = tails + 0.75 * spacing * field / (speed + 0.15)
    strokes = np.stack([tails, tips, np.full_like(tips, np.nan)], axis=1).reshape(-1, 2)
    look = {"hoverinfo": "skip", "showlegend": False, "opacity": 0.45}
    figure.add_scatter(
        x=strokes[:, 0], y=strokes[:, 1], mode="lines", line={"color": NEUTRAL, "width": 1}, **look
    )
    turn = np.degrees(np.arctan2(field[:, 0], field[:, 1]))
    heads = {"symbol": "triangle-up", "angle": turn, "size": 5, "color": NEUTRAL}
    figure.add_scatter(x=tips[:, 0], y=tips[:, 1], mode="markers", marker=heads, **look)


def _add_nullcline(figure: Figure, axis: np.ndarray, component: np.ndarray, index: int, color: str) -> None:
    """The curve where one component of the velocity is zero."""
    figure.add_contour(
        x=axis,
        y=axis,
        z=component,
        contours={"start": 0, "end": 0, "size": 1, "coloring": "none"},
        line={"color": color, "width": 2, "dash": "dash"},
        name=f"z<sub>{index + 1}</sub>' = 0",
        showlegend=True,
        showscale=False,
        hoverinfo="skip",
    )


def _add_paths(figure: Figure, paths: np.ndarray, solver: str, mode: str) -> None:
    """All trajectories of one method as a single trace with gaps, and a small square at each start."""
    if not paths.size:
        return
    style = solver_style(solver)
    steps, number, _ = paths.shape
    gap = np.full((1, number, 2), np.nan)
    flat = np.concatenate([paths, gap]).transpose(1, 0, 2).reshape(-1, 2)
    symbols = np.tile(["square"] + [style.marker] * steps, number)
    figure.add_scatter(
        x=flat[:, 0],
        y=flat[:, 1],
        name="iteration" if solver == "Picard" else "flow",
        mode=mode,
        line={"color": style.color, "width": 1.2},
        marker={"color": style.color, "size": 4, "symbol": symbols} if "markers" in mode else None,
        hoverinfo="skip",
    )


def basin_map(
    axis: ArrayLike, label: ArrayLike, fixed: ArrayLike, *, stable: ArrayLike = (), height: int = 420
) -> Figure:
    """Which fixed point each start reaches. label: (m, m) int, the first index along z2, -1 for none.

    fixed: (k, 2); stable: (k,) bool.
    """
    axis, label = np.asarray(axis, float), np.asarray(label)
    figure = styled_figure(f"start {Z1}", f"start {Z2}", height=height)
    if not len(axis):
        return figure
    points = np.asarray(fixed, float).reshape(-1, 2)
    colors = [UNREACHED, *(DIGIT_COLORS[i % len(DIGIT_COLORS)] for i in range(len(points)))]
    figure.add_heatmap(
        x=axis,
        y=axis,
        z=label,
        zmin=-1,
        zmax=max(len(points) - 1, 0) if len(points) else 0,
        colorscale=_steps(colors if len(points) else [UNREACHED, UNREACHED]),
        showscale=False,
        opacity=0.75,
        customdata=np.where(label < 0, "no fixed point", "a fixed point"),
        hovertemplate="from (%{x:.2f}, %{y:.2f}) to %{customdata}<extra></extra>",
    )
    add_fixed_points(figure, points[:, 0], points[:, 1], np.asarray(stable, bool))
    return _square(figure, axis)


def _steps(colors: list[str]) -> list[list[object]]:
    """A colour scale of flat steps, one per colour."""
    edges = np.linspace(0, 1, len(colors) + 1)
    return [[float(edge), color] for i, color in enumerate(colors) for edge in edges[i : i + 2]]


# Aligned with the top of the map, and not taller than the map on a phone.
_BAR = {
    "title": {"text": "evaluations"},
    "thickness": 12,
    "outlinewidth": 0,
    "len": 0.6,
    "y": 1.0,
    "yanchor": "top",
}


def nfe_map(axis: ArrayLike, nfe: ArrayLike, converged: ArrayLike, *, height: int = 420) -> Figure:
    """Evaluations needed from each start, red where the solve did not converge. nfe, converged: (m, m)."""
    axis, nfe, converged = np.asarray(axis, float), np.asarray(nfe, float), np.asarray(converged, bool)
    figure = styled_figure(f"start {Z1}", f"start {Z2}", height=height)
    if not len(axis):
        return figure
    hover = "from (%{x:.2f}, %{y:.2f})<br>evaluations: %{z}<extra></extra>"
    if converged.any():
        figure.add_heatmap(
            x=axis,
            y=axis,
            z=np.where(converged, nfe, np.nan),
            colorscale=SEQUENTIAL,
            colorbar=_BAR,
            hovertemplate=hover,
        )
    if not converged.all():
        figure.add_heatmap(
            x=axis,
            y=axis,
            z=np.where(converged, np.nan, 1.0),
            colorscale=[[0, FAILED_RED], [1, FAILED_RED]],
            opacity=0.35,
            showscale=False,
            hovertemplate="from (%{x:.2f}, %{y:.2f})<br>not converged<extra></extra>",
        )
    return _square(figure, axis)


def _square(figure: Figure, axis: np.ndarray) -> Figure:
    window = [float(axis[0]), float(axis[-1])]
    figure.update_xaxes(range=window, constrain="domain", gridcolor=GRID)
    return figure.update_yaxes(range=window, scaleanchor="x", constrain="domain", constraintoward="top")
