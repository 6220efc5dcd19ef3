"""How a state comes to rest: through one plane, unit by unit, and map by map."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from deq.plots.player import add_player
from deq.plots.style import (
    DIGIT_COLORS,
    DIVERGING,
    EQUILIBRIUM_MARKER,
    FAILED_MARKER,
    FAILED_TEXT,
    NEUTRAL,
    SEQUENTIAL,
    START_MARKER,
    solver_style,
    styled_figure,
)

MOST_FRAMES = 40
SILENT = 1e-3  # of the largest value
MIDDLE = (0.02, 0.98)  # of the clusters, which the axes show besides the ways
Way = tuple[np.ndarray, np.ndarray, bool]


def plane_paths(
    points: ArrayLike,
    labels: ArrayLike,
    explained: tuple[float, float],
    ways: Mapping[str, Way],
    *,
    height: int = 480,
) -> go.Figure:
    """Ways to the equilibrium in the plane of two principal components, among equilibria of known digits.

    points: (m, 2) with labels (m,). explained: fractions of the variance. ways: solver -> (evaluations of f (n,),
    places (n, 2), whether it converged). A frame for every count of evaluations.
    """
    figure = _plane(points, labels, explained, height)
    kept = {name: way for name, way in ways.items() if len(way[0])}
    if not kept:
        return figure
    for name, (_, places, converged) in kept.items():
        _add_end(figure, name, places, converged)
    first_path = len(figure.data)
    for name, (nfe, places, _) in kept.items():
        style = solver_style(name)
        figure.add_scatter(
            name=name,
            mode="lines+markers",
            line=style.line,
            customdata=nfe,
            hovertemplate=f"{name} after %{{customdata}} evaluations<extra></extra>",
            **_until(nfe, places, nfe[-1], style.marker, style.color),
        )
    _add_frames(figure, kept, first_path)
    _fit(figure, np.asarray(points, float), [places for _, places, _ in kept.values()])
    legend = {"yref": "container", "y": 0, "yanchor": "bottom"}
    return figure.update_layout(showlegend=True, legend=legend, margin={"b": 150})


def plane_starts(
    points: ArrayLike,
    labels: ArrayLike,
    explained: tuple[float, float],
    ways: Sequence[tuple[np.ndarray, int | None, bool]],
    *,
    height: int = 480,
) -> go.Figure:
    """Ways from many starts in the plane of `plane_paths`: (places (n, 2), the start's digit or None, converged)."""
    figure = _plane(points, labels, explained, height)
    for places, digit, _ in ways:
        color = NEUTRAL if digit is None else DIGIT_COLORS[digit % 10]
        start = {"symbol": "square", "size": 9, "color": color, "line": {"width": 1, "color": "white"}}
        origin = "noise" if digit is None else f"the equilibrium of a {digit}"
        figure.add_scatter(
            x=places[:, 0],
            y=places[:, 1],
            mode="lines+markers",
            line={"color": color, "width": 1.5},
            marker=start | {"size": [9] + [3] * (len(places) - 1)},
            hovertemplate=f"from {origin}<extra></extra>",
        )
    for places, _, converged in ways:
        end = dict(EQUILIBRIUM_MARKER) if converged else dict(FAILED_MARKER)
        what = "equilibrium" if converged else FAILED_TEXT
        hover = f"{what}<extra></extra>"
        figure.add_scatter(
            x=places[-1:, 0], y=places[-1:, 1], mode="markers", marker=end, hovertemplate=hover
        )
    _fit(figure, np.asarray(points, float), [places for places, _, _ in ways])
    return figure


def _plane(points: ArrayLike, labels: ArrayLike, explained: tuple[float, float], height: int) -> go.Figure:
    first, second = (f"component {i + 1} ({100 * p:.0f} % of the variance)" for i, p in enumerate(explained))
    figure = styled_figure(first, second, height=height)
    _add_clusters(figure, np.asarray(points, float), np.asarray(labels))
    return figure


def _fit(figure: go.Figure, points: np.ndarray, ways: list[np.ndarray]) -> None:
    """Show all of every way and all but the outermost of the clusters."""
    seen = np.concatenate([np.quantile(points, MIDDLE, axis=0), *ways])
    low, high = seen.min(axis=0), seen.max(axis=0)
    pad = 0.06 * (high - low)
    figure.update_xaxes(range=[low[0] - pad[0], high[0] + pad[0]])
    figure.update_yaxes(range=[low[1] - pad[1], high[1] + pad[1]])


def _add_clusters(figure: go.Figure, points: np.ndarray, labels: np.ndarray) -> None:
    """Small discs in each digit's colour, and its numeral in a larger one at the median of its cluster."""
    for k in np.unique(labels):
        own = points[labels == k]
        hover = {"hovertemplate": f"equilibrium of a {k}<extra></extra>", "showlegend": False}
        marker = {"color": DIGIT_COLORS[k % 10], "size": 5, "opacity": 0.45}
        figure.add_scatter(x=own[:, 0], y=own[:, 1], mode="markers", marker=marker, **hover)
    for k in np.unique(labels):
        x, y = np.median(points[labels == k], axis=0)
        figure.add_scatter(
            x=[x],
            y=[y],
            mode="markers+text",
            text=[str(k)],
            textfont={"color": "white", "size": 12},
            marker={"color": DIGIT_COLORS[k % 10], "size": 19, "line": {"width": 1, "color": "white"}},
            hoverinfo="skip",
            showlegend=False,
        )


def _add_end(figure: go.Figure, name: str, places: np.ndarray, converged: bool) -> None:
    """The start as a small square; the end as a disc, or a cross where the solve failed."""
    end = dict(EQUILIBRIUM_MARKER) if converged else dict(FAILED_MARKER)
    what = "equilibrium" if converged else FAILED_TEXT
    for place, marker, text in ((places[0], dict(START_MARKER), "start"), (places[-1], end, what)):
        figure.add_scatter(
            x=place[:1],
            y=place[1:],
            mode="markers",
            marker=marker,
            hovertemplate=f"{name}: {text}<extra></extra>",
            showlegend=False,
        )


def _until(nfe: np.ndarray, places: np.ndarray, count: float, symbol: str, color: str) -> dict[str, Any]:
    """The path as far as `count` evaluations, its last point the largest."""
    seen = max(1, int(np.searchsorted(nfe, count, side="right")))
    sizes = [5] * (seen - 1) + [11]
    marker = {"symbol": symbol, "color": color, "size": sizes}
    return {"x": places[:seen, 0], "y": places[:seen, 1], "marker": marker}


def _add_frames(
    figure: go.Figure, ways: Mapping[str, tuple[np.ndarray, np.ndarray, bool]], first: int
) -> None:
    counts = _thinned(np.unique(np.concatenate([nfe for nfe, _, _ in ways.values()])))
    styles = {name: solver_style(name) for name in ways}
    frames = [
        [
            {"type": "scatter"} | _until(nfe, places, count, styles[name].marker, styles[name].color)
            for name, (nfe, places, _) in ways.items()
        ]
        for count in counts
    ]
    traces = range(first, first + len(ways))
    add_player(figure, frames, list(traces), [str(count) for count in counts], "evaluations: ")


def _thinned(values: np.ndarray) -> np.ndarray:
    """At most MOST_FRAMES of them: every early one, ever fewer later, the last one always."""
    if len(values) <= MOST_FRAMES:
        return values
    return values[np.unique(np.geomspace(1, len(values), MOST_FRAMES).round().astype(int)) - 1]


def state_map(nfe: ArrayLike, states: ArrayLike, height: int = 300) -> go.Figure:
    """Every unit's value after so many evaluations: states (n, units), nfe (n,); rows sorted by the last value.

    Units that stay at zero all the way are left out.
    """
    nfe, states = np.asarray(nfe), np.asarray(states, float)
    figure = styled_figure("evaluations of f", "units, by their value at the end", height=height)
    if not states.size:
        return figure
    awake = np.flatnonzero(np.abs(states).max(axis=0) > SILENT * np.abs(states).max())
    order = awake[np.argsort(states[-1, awake])]
    figure.add_heatmap(
        x=[str(count) for count in nfe],
        z=states[:, order].T.astype(np.float32),
        customdata=np.repeat(order[:, None], len(nfe), axis=1),
        hovertemplate="unit %{customdata}<br>after %{x} evaluations<br>value %{z:.3f}<extra></extra>",
        **_scale(states),
    )
    figure.update_xaxes(type="category", showgrid=False)
    return figure.update_yaxes(showticklabels=False, showgrid=False, ticks="")


def feature_maps(nfe: ArrayLike, states: ArrayLike, height: int = 520) -> go.Figure:
    """The channels of a convolutional state side by side: states (n, rows, columns, channels), nfe (n,).

    The liveliest at the end come first. A frame for every count of evaluations.
    """
    nfe, states = np.asarray(nfe), np.asarray(states, np.float32)
    figure = styled_figure("", "", height=height)
    if not states.size:
        return figure
    states = states[..., np.argsort(-states[-1].std(axis=(0, 1)))]
    shown = _thinned(np.arange(len(nfe)))
    mosaics = [_mosaic(states[i]) for i in shown]
    hover = "value %{z:.3f}<extra></extra>"
    figure.add_heatmap(z=mosaics[-1], hovertemplate=hover, hoverongaps=False, **_scale(states))
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, autorange="reversed", scaleanchor="x", constrain="domain")
    frames = [[{"type": "heatmap", "z": mosaic}] for mosaic in mosaics]
    add_player(figure, frames, [0], [str(nfe[i]) for i in shown], "evaluations: ", redraw=True)
    return figure


def _mosaic(state: np.ndarray) -> np.ndarray:
    """(rows, columns, channels) -> the channels in a wide grid, an empty line between them."""
    rows, columns, channels = state.shape
    across = max(1, math.ceil(math.sqrt(1.6 * channels)))
    tiles = np.full((math.ceil(channels / across) * across, rows + 1, columns + 1), np.nan, np.float32)
    tiles[:channels, :rows, :columns] = np.moveaxis(state, 2, 0)
    grid = tiles.reshape(-1, across, rows + 1, columns + 1)
    return np.concatenate([np.concatenate(list(line), axis=1) for line in grid])[:-1, :-1]


def _scale(states: np.ndarray) -> dict[str, Any]:
    """Colours that stay the same through all frames: from zero up, or about zero where there are both signs."""
    low, high = np.nanquantile(states, (0.005, 0.995))
    largest = float(max(abs(low), abs(high), 1e-6))
    bar = {"colorbar": {"thickness": 10, "outlinewidth": 0, "tickcolor": NEUTRAL}}
    if low >= 0:
        return {"colorscale": SEQUENTIAL, "zmin": 0, "zmax": largest} | bar
    return {"colorscale": DIVERGING, "zmin": -largest, "zmax": largest} | bar
