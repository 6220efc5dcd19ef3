"""The trajectories of a state, by several solvers or from several starts, in the plane of two principal components."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.style import (
    EQUILIBRIUM_MARKER,
    FAILED_MARKER,
    FAILED_TEXT,
    NEUTRAL,
    START_MARKER,
    solver_style,
    styled_figure,
)

MIDDLE = (0.02, 0.98)  # the axes show these quantiles of the landmarks, and all trajectories


class Trajectory(NamedTuple):
    """Places (n, 2) of a solve, n > 0, and whether it converged. solver: in whose style; grey if None."""

    places: np.ndarray
    converged: bool
    solver: str | None = None


def plane_paths(
    points: ArrayLike, labels: ArrayLike, explained: tuple[float, float], trajectories: Sequence[Trajectory]
) -> Figure:
    """Trajectories in the plane of two principal components, among equilibria of known digits as grey numerals.

    points: (m, 2) with labels (m,). explained: fractions of the variance.
    """
    first, second = (f"component {i + 1} ({100 * p:.0f} % of the variance)" for i, p in enumerate(explained))
    figure = styled_figure(first, second, height=420)
    points, labels = np.asarray(points, float), np.asarray(labels, int)
    if not labels.size:
        return figure
    figure.add_traces(_landmarks(points, labels))
    above = range(len(trajectories))[::-1]
    figure.add_traces(
        [line for k, found in zip(above, trajectories, strict=True) for line in _path(found, k)]
    )
    across, up = window_of(points, [found.places for found in trajectories])
    figure.update_xaxes(range=across)
    figure.update_yaxes(range=up)
    return figure.update_layout(
        showlegend=any(found.solver for found in trajectories), legend={"traceorder": "reversed"}
    )


def window_of(points: np.ndarray, trajectories: Sequence[np.ndarray]) -> list[list[float]]:
    """Ranges of both axes that show every trajectory (n, 2) in full and all but the outermost points (m, 2)."""
    return _window(np.concatenate([np.quantile(points, MIDDLE, axis=0), *trajectories]), margin=0.06)


def window_near(trajectories: Sequence[np.ndarray]) -> list[list[float]]:
    """Ranges of both axes that show every trajectory (n, 2) in full and as much again on each side."""
    return _window(np.concatenate(trajectories), margin=1.0)


def _window(places: np.ndarray, margin: float) -> list[list[float]]:
    """Ranges around the places (n, 2) that are finite; margin: what is added on each side, as a share of their size."""
    seen = places[np.isfinite(places).all(axis=1)].astype(float)
    if not len(seen):
        return [[-1.0, 1.0], [-1.0, 1.0]]
    low, high = seen.min(axis=0), seen.max(axis=0)
    pad = np.maximum(margin * (high - low), 1e-3 * (1 + np.abs(low)))
    return np.stack([low - pad, high + pad], axis=1).tolist()


def _landmarks(points: np.ndarray, labels: np.ndarray) -> list[dict[str, Any]]:
    """Small pale numerals, and a large one at the median of each digit's."""
    digits = np.unique(labels)
    middles = np.array([np.median(points[labels == k], axis=0) for k in digits])
    small, large = ({"size": 10}, 0.65), ({"size": 18}, 1)
    return [
        {
            "type": "scatter",
            "x": places[:, 0],
            "y": places[:, 1],
            "mode": "text",
            "cliponaxis": False,  # whole numerals at the edge
            "text": found.astype(str),
            "textfont": font | {"color": NEUTRAL},
            "opacity": opacity,
            "hovertemplate": "equilibrium of digit %{text}<extra></extra>",
            "showlegend": False,
        }
        for places, found, (font, opacity) in ((points, labels, small), (middles, digits, large))
    ]


def _path(found: Trajectory, above: int) -> list[dict[str, Any]]:
    """The line, a small square at its start, and at its end a disc, or a cross if the solve failed.

    above: the number of paths drawn over it; a solver's line is wider by 1.5 px for each, to be seen where
    they agree.
    """
    name, ended = found.solver or "random start", "equilibrium" if found.converged else FAILED_TEXT
    line: dict[str, Any] = {"color": NEUTRAL, "width": 1.5}
    if found.solver:
        line = solver_style(found.solver).line | {"width": 2 + 1.5 * above}
    marker = {"color": line["color"], "size": 4}
    look: dict[str, Any] = {"mode": "lines+markers", "line": line, "marker": marker}
    look |= {"name": name, "showlegend": found.solver is not None}
    end = dict(EQUILIBRIUM_MARKER if found.converged else FAILED_MARKER)
    ends = [(found.places[:1], dict(START_MARKER), "start"), (found.places[-1:], end, ended)]
    return [_trace(found.places, name, look)] + [
        _trace(place, f"{name}: {words}", {"mode": "markers", "marker": mark, "showlegend": False})
        for place, mark, words in ends
    ]


def _trace(places: np.ndarray, hover: str, look: dict[str, Any]) -> dict[str, Any]:
    place = {"x": places[:, 0], "y": places[:, 1], "hovertemplate": f"{hover}<extra></extra>"}
    return {"type": "scatter"} | place | look
