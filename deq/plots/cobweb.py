"""The cobweb of x_{k+1} = g(x_k), animated in the browser."""

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.player import add_player
from deq.plots.style import (
    EQUILIBRIUM_MARKER,
    NEUTRAL,
    START_MARKER,
    UNSTABLE_MARKER,
    SolverStyle,
    solver_style,
    styled_figure,
)

Window = tuple[float, float]


def cobweb(
    x: ArrayLike,
    f_x: ArrayLike,
    orbit: ArrayLike,
    *,
    g_x: ArrayLike | None = None,
    fixed: ArrayLike = (),
    stable: ArrayLike = (),
    titles: tuple[str, str] = ("x", "f(x)"),
    height: int = 560,
) -> Figure:
    """The staircase of an orbit between the curve y = f(x) and the diagonal.

    x, f_x: (m,) the curve; its x is the window of both axes. orbit: (n + 1,) from x_0, NaN past its end.
    g_x: (m,) the damped map that is iterated, if it differs from f. fixed, stable: (k,) fixed points, filled
    if stable. titles: of the axes. Each step is a frame. The axes are fixed, so that a swipe scrolls the page.
    """
    x, f_x = np.asarray(x, float), np.asarray(f_x, float)
    steps = np.asarray(orbit, float)
    steps = steps[np.isfinite(steps)]
    figure = styled_figure(*titles, height=height)
    if not len(x) or not len(steps):
        return figure
    window = (float(x[0]), float(x[-1]))
    style = solver_style("Picard" if g_x is None else "damped Picard")
    _add_curves(figure, x, f_x, g_x, window)
    path = cobweb_path(steps)
    _add_path(figure, path, style)
    _add_points(figure, steps[0], np.asarray(fixed, float), np.asarray(stable, bool))
    _add_player(figure, path, len(steps) - 1)
    figure.update_xaxes(range=window, constrain="domain", fixedrange=True)
    figure.update_yaxes(range=window, scaleanchor="x", constrain="domain", fixedrange=True)
    return figure.update_layout(dragmode=False)


def cobweb_path(orbit: ArrayLike) -> np.ndarray:
    """Corners of the staircase (2n + 1, 2): (x_0, x_0), (x_0, x_1), (x_1, x_1), (x_1, x_2), ..."""
    steps = np.asarray(orbit, float)
    if not len(steps):
        return np.empty((0, 2))
    twice = np.repeat(steps, 2)
    return np.stack([twice[:-1], np.concatenate([steps[:1], twice[2:]])], axis=1)


def _add_curves(
    figure: Figure, x: np.ndarray, f_x: np.ndarray, g_x: ArrayLike | None, window: Window
) -> None:
    lines = [(np.array(window), np.array(window), "y = x", {"width": 1, "dash": "dash"})]
    lines.append((x, f_x, "f(x)", {"width": 3}))
    if g_x is not None:
        lines.append((x, np.asarray(g_x, float), "damped", {"width": 2, "dash": "dot"}))
    for line_x, line_y, name, line in lines:
        line = {"color": NEUTRAL} | line
        figure.add_scatter(
            x=line_x, y=_bounded(line_y, window), name=name, mode="lines", line=line, hoverinfo="skip"
        )


def _bounded(y: np.ndarray, window: Window) -> np.ndarray:
    """Drop values far outside the window: a pole would draw a vertical line through the plot."""
    width = window[1] - window[0]
    return np.where((y > window[0] - width) & (y < window[1] + width), y, np.nan)


def _add_path(figure: Figure, path: np.ndarray, style: SolverStyle) -> None:
    marker: dict[str, object] = {"color": style.color, "symbol": "circle", "line": {"width": 0}}
    figure.add_scatter(
        name="orbit",
        mode="lines+markers",
        line={"color": style.color, "width": 2},
        hoverinfo="skip",
        **_until(path, len(path), marker),
    )


def _until(path: np.ndarray, corners: int, marker: dict[str, object]) -> dict[str, object]:
    """The first corners of the path with a marker on the last: a single trace keeps frames small."""
    sizes = [0] * (corners - 1) + [9]
    return {
        "x": path[:corners, 0].tolist(),
        "y": path[:corners, 1].tolist(),
        "marker": marker | {"size": sizes},
    }


def _add_points(figure: Figure, start: float, fixed: np.ndarray, stable: np.ndarray) -> None:
    groups = [
        ("start", np.array([start]), START_MARKER),
        ("stable fixed point", fixed[stable], EQUILIBRIUM_MARKER),
        ("unstable fixed point", fixed[~stable], UNSTABLE_MARKER),
    ]
    for name, points, marker in groups:
        if len(points):
            figure.add_scatter(
                x=points, y=points, name=name, mode="markers", marker=dict(marker), hoverinfo="skip"
            )


def _add_player(figure: Figure, path: np.ndarray, num_steps: int) -> None:
    """One frame per step, which redraws the orbit."""
    place = [trace.get("name") for trace in figure.traces].index("orbit")
    frames = [[{"type": "scatter"} | _until(path, 2 * k + 1, {})] for k in range(num_steps + 1)]
    add_player(figure, frames, [place], [str(k) for k in range(num_steps + 1)], "step ")
