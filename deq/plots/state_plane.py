"""The trajectory of a state, by several solvers or from several starts, in the plane of two principal components."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.player import add_player, thinned
from deq.plots.style import (
    DIGIT_COLORS,
    EQUILIBRIUM_MARKER,
    FAILED_MARKER,
    FAILED_TEXT,
    NEUTRAL,
    START_MARKER,
    solver_style,
    styled_figure,
)

MIDDLE = (0.02, 0.98)  # quantiles of the clusters that the axes must show, beside all trajectories
PALETTE = {"cmin": 0, "cmax": 9, "colorscale": [[k / 9, color] for k, color in enumerate(DIGIT_COLORS)]}
Trajectory = tuple[np.ndarray, np.ndarray, bool]  # evaluations (n,), places (n, 2), converged


def plane_paths(
    points: ArrayLike,
    labels: ArrayLike,
    explained: tuple[float, float],
    trajectories: Mapping[str, Trajectory],
) -> Figure:
    """Trajectories to the equilibrium in the plane of two principal components, among equilibria of known digits.

    points: (m, 2) with labels (m,). explained: fractions of the variance. trajectories: solver -> (evaluations of
    f (n,), places (n, 2), converged). One frame per count of evaluations.
    """
    figure = _plane(points, labels, explained)
    kept = {name: path for name, path in trajectories.items() if len(path[0])}
    if not kept:
        return figure
    figure.add_traces([end for name, path in kept.items() for end in _ends(name, *path)])
    first_path = len(figure.traces)
    figure.add_traces(_paths(kept, math.inf, drawn=True))
    _add_frames(figure, kept, first_path)
    _fit(figure, np.asarray(points, float), [places for _, places, _ in kept.values()])
    legend = {"yref": "container", "y": 0, "yanchor": "bottom"}
    return figure.update_layout(showlegend=True, legend=legend, margin={"b": 150})


def plane_starts(
    points: ArrayLike,
    labels: ArrayLike,
    explained: tuple[float, float],
    trajectories: Sequence[tuple[np.ndarray, bool]],
) -> Figure:
    """Trajectories from random starts in the plane of `plane_paths`: (places (n, 2), converged)."""
    figure = _plane(points, labels, explained)
    start = {"symbol": "square", "size": 9, "color": NEUTRAL, "line": {"width": 1, "color": "white"}}
    for places, _ in trajectories:
        figure.add_scatter(
            x=places[:, 0],
            y=places[:, 1],
            mode="lines+markers",
            line={"color": NEUTRAL, "width": 1.5},
            marker=start | {"size": [9] + [3] * (len(places) - 1)},
            hovertemplate="from a random start<extra></extra>",
        )
    for places, converged in trajectories:
        end = dict(EQUILIBRIUM_MARKER) if converged else dict(FAILED_MARKER)
        what = "equilibrium" if converged else FAILED_TEXT
        hover = f"{what}<extra></extra>"
        figure.add_scatter(
            x=places[-1:, 0], y=places[-1:, 1], mode="markers", marker=end, hovertemplate=hover
        )
    _fit(figure, np.asarray(points, float), [places for places, _ in trajectories])
    return figure


def _plane(points: ArrayLike, labels: ArrayLike, explained: tuple[float, float]) -> Figure:
    first, second = (f"component {i + 1} ({100 * p:.0f} % of the variance)" for i, p in enumerate(explained))
    figure = styled_figure(first, second, height=480)
    if np.size(labels):
        _add_clusters(figure, np.asarray(points, float), np.asarray(labels, int))
    return figure


def _fit(figure: Figure, points: np.ndarray, trajectories: list[np.ndarray]) -> None:
    """Show every trajectory in full and all but the outermost points of the clusters."""
    seen = np.concatenate([np.quantile(points, MIDDLE, axis=0), *trajectories])
    low, high = seen.min(axis=0), seen.max(axis=0)
    pad = 0.06 * (high - low)
    figure.update_xaxes(range=[low[0] - pad[0], high[0] + pad[0]])
    figure.update_yaxes(range=[low[1] - pad[1], high[1] + pad[1]])


def _add_clusters(figure: Figure, points: np.ndarray, labels: np.ndarray) -> None:
    """Small discs in each digit's colour, with the numeral in a larger disc at the median of its cluster."""
    digits = np.unique(labels)
    middles = np.array([np.median(points[labels == k], axis=0) for k in digits])
    discs = {
        "mode": "markers",
        "marker": {"color": labels % 10, "size": 5, "opacity": 0.45} | PALETTE,
        "customdata": labels,
        "hovertemplate": "equilibrium of a %{customdata}<extra></extra>",
    }
    numerals = {
        "mode": "markers+text",
        "text": [str(k) for k in digits],
        "textfont": {"color": "white", "size": 12},
        "marker": {"color": digits % 10, "size": 19, "line": {"width": 1, "color": "white"}} | PALETTE,
        "hoverinfo": "skip",
    }
    figure.add_traces(
        [
            {"type": "scatter", "x": places[:, 0], "y": places[:, 1], "showlegend": False} | look
            for places, look in ((points, discs), (middles, numerals))
        ]
    )


def _ends(name: str, nfe: np.ndarray, places: np.ndarray, converged: bool) -> list[dict[str, Any]]:
    """The start as a small square; the end as a disc, or a cross if the solve failed."""
    end = dict(EQUILIBRIUM_MARKER) if converged else dict(FAILED_MARKER)
    what = "equilibrium" if converged else FAILED_TEXT
    return [
        {
            "type": "scatter",
            "x": place[:1],
            "y": place[1:],
            "mode": "markers",
            "marker": marker,
            "hovertemplate": f"{name}: {text}<extra></extra>",
            "showlegend": False,
        }
        for place, marker, text in ((places[0], dict(START_MARKER), "start"), (places[-1], end, what))
    ]


def _paths(trajectories: Mapping[str, Trajectory], count: float, drawn: bool = False) -> list[dict[str, Any]]:
    """Each path up to `count` evaluations, then one trace with all their heads.

    drawn: with styles, which frames omit.
    """
    seen = {
        name: max(1, int(np.searchsorted(nfe, count, side="right")))
        for name, (nfe, _, _) in trajectories.items()
    }
    paths: list[dict[str, Any]] = [
        {"type": "scatter", "x": places[: seen[name], 0], "y": places[: seen[name], 1]}
        for name, (_, places, _) in trajectories.items()
    ]
    heads = np.stack([places[seen[name] - 1] for name, (_, places, _) in trajectories.items()])
    last: dict[str, Any] = {"type": "scatter", "x": heads[:, 0], "y": heads[:, 1]}
    if drawn:
        looks = {name: solver_style(name) for name in trajectories}
        for path, (name, (nfe, _, _)) in zip(paths, trajectories.items(), strict=True):
            path |= {"name": name, "mode": "lines+markers", "line": looks[name].line, "customdata": nfe}
            path["marker"] = {"symbol": looks[name].marker, "color": looks[name].color, "size": 5}
            path["hovertemplate"] = f"{name} after %{{customdata}} evaluations<extra></extra>"
        symbols = [look.marker for look in looks.values()]
        marker = {"symbol": symbols, "color": [look.color for look in looks.values()], "size": 11}
        last |= {"mode": "markers", "marker": marker, "hoverinfo": "skip", "showlegend": False}
    return [*paths, last]


def _add_frames(figure: Figure, trajectories: Mapping[str, Trajectory], first: int) -> None:
    counts = thinned(np.unique(np.concatenate([nfe for nfe, _, _ in trajectories.values()])))
    traces = range(first, first + len(trajectories) + 1)
    frames = [_paths(trajectories, count) for count in counts]
    add_player(figure, frames, list(traces), [str(count) for count in counts], "evaluations: ")
