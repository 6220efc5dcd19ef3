"""The small plots of the front page: iterated cosine, paths in the plane, a maze and its answer."""

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.cobweb import cobweb_path
from deq.plots.figure import Figure
from deq.plots.style import (
    ACCENT,
    EQUILIBRIUM_MARKER,
    NEUTRAL,
    START_MARKER,
    TRANSPARENT,
    solver_style,
    styled_figure,
)

WINDOW = (-1.15, 2.15)  # radians, of x in the cosine plot
HEIGHT = 220  # pixels
BESIDE = 24  # pixels by which the pictures beside the one with a slider are taller
WALL = {"color": NEUTRAL, "width": 1.5}


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


def plane_picture(paths: ArrayLike, steady: ArrayLike, solver: str) -> Figure:
    """Paths in the plane to one equilibrium. paths: (n, steps, 2), NaN past the end; steady: (2,).

    solver: whose look the lines have; those of the flow are smooth, others show their steps.
    """
    figure = styled_figure("z<sub>1</sub>", "z<sub>2</sub>", height=HEIGHT + BESIDE)
    paths, steady = np.asarray(paths, float), np.asarray(steady, float)
    if not len(paths):
        return figure
    for path in paths:
        _add_line(figure, path[:, 0], path[:, 1], {"color": solver_style(solver).color, "width": 1})
        if solver != "ODE flow":
            figure.traces[-1] |= {"mode": "lines+markers", "marker": {"size": 3}}
    for start in paths[:, 0]:
        _add_point(figure, start, dict(START_MARKER) | {"size": 5}, f"start ({start[0]:.2f}, {start[1]:.2f})")
    _add_point(figure, steady, dict(EQUILIBRIUM_MARKER), f"equilibrium ({steady[0]:.3f}, {steady[1]:.3f})")
    return figure.update_yaxes(scaleanchor="x").update_xaxes(constrain="domain")


def maze_picture(plan: ArrayLike, ends: ArrayLike, height: int = 260) -> Figure:
    """A maze from above. plan: (rows, columns) of 0 for a wall, 1 for a room or door, 2 for one on the path.

    ends: (2, 2), row and column of the start S and of the goal G.
    """
    plan = np.asarray(plan)
    figure = styled_figure("", "", height=height)
    if not plan.size:
        return figure
    scale = [[0, TRANSPARENT], [0.5, TRANSPARENT], [1, ACCENT]]
    figure.add_heatmap(z=plan, colorscale=scale, zmin=0, zmax=2, showscale=False, hoverinfo="skip")
    _add_line(figure, *_walls(plan == 0), WALL)
    for (row, column), name, symbol in zip(
        np.asarray(ends), ("start", "goal"), ("square", "circle"), strict=True
    ):
        marker = {"symbol": symbol, "size": 14, "color": "black", "line": {"width": 2, "color": "white"}}
        _add_point(figure, np.array([column, row]), marker, name)
        figure.traces[-1] |= {
            "mode": "markers+text",
            "text": [name[0].upper()],
            "textfont": {"size": 10, "color": "white"},
        }
    figure.update_yaxes(autorange="reversed", scaleanchor="x", visible=False)
    figure.update_xaxes(constrain="domain", constraintoward="left", visible=False)
    return figure.update_layout(margin={"l": 4, "r": 4, "t": 4, "b": 4})


def _walls(wall: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lines between the middles of neighbouring wall cells: x and y, with NaN between the lines."""
    across = np.argwhere(wall[:, :-1] & wall[:, 1:])
    down = np.argwhere(wall[:-1] & wall[1:])
    first, second = np.vstack([across, down]), np.vstack([across + [0, 1], down + [1, 0]])
    places = np.stack([first, second, np.full(first.shape, np.nan)], axis=1).reshape(-1, 2)
    return places[:, 1], places[:, 0]


def _add_line(figure: Figure, x: np.ndarray, y: np.ndarray, line: dict[str, object]) -> None:
    figure.add_scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")


def _add_point(figure: Figure, place: np.ndarray, marker: dict[str, object], text: str) -> None:
    hover = f"{text}<extra></extra>"
    figure.add_scatter(x=place[:1], y=place[1:], mode="markers", marker=marker, hovertemplate=hover)
