"""How the state settles, unit by unit or channel by channel."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.player import add_player, thinned
from deq.plots.style import DIVERGING, NEUTRAL, SEQUENTIAL, styled_figure

SILENT = 1e-3  # of the largest value: units below it are left out


def state_map(nfe: ArrayLike, states: ArrayLike) -> Figure:
    """The value of every unit against evaluations: states (n, units), nfe (n,); rows sorted by the final value.

    Units that stay at zero throughout are left out.
    """
    nfe, states = np.asarray(nfe), np.asarray(states, float)
    figure = styled_figure("evaluations of f", "units, sorted by final value", height=300)
    if not states.size:
        return figure
    active = np.flatnonzero(np.abs(states).max(axis=0) > SILENT * np.abs(states).max())
    order = active[np.argsort(states[-1, active])]
    figure.add_heatmap(
        x=[str(count) for count in nfe],
        z=states[:, order].T.astype(np.float32),
        customdata=np.repeat(order[:, None], len(nfe), axis=1),
        hovertemplate="unit %{customdata}<br>after %{x} evaluations<br>value %{z:.3f}<extra></extra>",
        **_scale(states),
    )
    figure.update_xaxes(type="category", showgrid=False)
    return figure.update_yaxes(showticklabels=False, showgrid=False, ticks="")


def feature_maps(nfe: ArrayLike, states: ArrayLike) -> Figure:
    """The channels of a convolutional state side by side: states (n, rows, columns, channels), nfe (n,).

    Sorted by their final standard deviation, largest first. One frame per iterate.
    """
    nfe, states = np.asarray(nfe), np.asarray(states, np.float32)
    figure = styled_figure("", "", height=520)
    if not states.size:
        return figure
    states = states[..., np.argsort(-states[-1].std(axis=(0, 1)))]
    shown = thinned(np.arange(len(nfe)))
    mosaics = [_mosaic(states[i]) for i in shown]
    hover = "value %{z:.3f}<extra></extra>"
    figure.add_heatmap(z=mosaics[-1], hovertemplate=hover, hoverongaps=False, **_scale(states))
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, autorange="reversed", scaleanchor="x", constrain="domain")
    frames = [[{"type": "heatmap", "z": mosaic}] for mosaic in mosaics]
    add_player(figure, frames, [0], [str(nfe[i]) for i in shown], "evaluations: ", redraw=True)
    return figure


def _mosaic(state: np.ndarray) -> np.ndarray:
    """(rows, columns, channels) -> the channels in a wide grid with gaps between them."""
    rows, columns, channels = state.shape
    across = max(1, math.ceil(math.sqrt(1.6 * channels)))
    tiles = np.full((math.ceil(channels / across) * across, rows + 1, columns + 1), np.nan, np.float32)
    tiles[:channels, :rows, :columns] = np.moveaxis(state, 2, 0)
    grid = tiles.reshape(-1, across, rows + 1, columns + 1)
    return np.concatenate([np.concatenate(list(line), axis=1) for line in grid])[:-1, :-1]


def _scale(states: np.ndarray) -> dict[str, Any]:
    """The same colour scale for all frames: from zero up, or centred at zero if there are both signs."""
    low, high = np.nanquantile(states, (0.005, 0.995))
    largest = float(max(abs(low), abs(high), 1e-6))
    bar = {"colorbar": {"thickness": 10, "outlinewidth": 0, "tickcolor": NEUTRAL}}
    if low >= 0:
        return {"colorscale": SEQUENTIAL, "zmin": 0, "zmax": largest} | bar
    return {"colorscale": DIVERGING, "zmin": -largest, "zmax": largest} | bar
