"""Play, pause, reset and a slider for the frames of a figure, running in the browser."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from deq.plots.figure import Figure
from deq.plots.style import NEUTRAL, TRANSPARENT

FRAME_MS = 350
MOST_FRAMES = 40


def add_player(
    figure: Figure,
    frames: Sequence[Sequence[dict[str, Any]]],
    traces: Sequence[int],
    labels: Sequence[str],
    prefix: str,
    redraw: bool = False,
) -> None:
    """Add frames that redraw some traces, starting at the last.

    frames: for each, the changed attributes of `traces` with their type. labels: the slider's text after the
    prefix, one per frame, all different. redraw: required for traces other than scatter.
    """
    figure.plain["frames"] = [
        {"name": label, "data": list(data), "traces": list(traces)}
        for label, data in zip(labels, frames, strict=True)
    ]
    slider = _slider(tuple(labels), prefix, redraw)
    figure.update_layout(updatemenus=[_button_row(labels[0], redraw)], sliders=[slider], margin={"t": 56})


def thinned(values: np.ndarray) -> np.ndarray:
    """At most MOST_FRAMES values: all early ones, fewer later ones, and the last."""
    if len(values) <= MOST_FRAMES:
        return values
    return values[np.unique(np.geomspace(1, len(values), MOST_FRAMES).round().astype(int)) - 1]


def _at_once(redraw: bool) -> dict[str, Any]:
    return {"frame": {"duration": 0, "redraw": redraw}, "transition": {"duration": 0}, "mode": "immediate"}


@lru_cache(16)
def _button_row(first: str, redraw: bool) -> dict[str, Any]:
    play = {"frame": {"duration": FRAME_MS, "redraw": redraw}, "transition": {"duration": 0}}
    return {
        "type": "buttons",
        "direction": "left",
        "x": 0,
        "xanchor": "left",
        "y": 1.0,
        "yanchor": "bottom",
        "pad": {"b": 12, "t": 0},
        "showactive": False,
        "buttons": [
            {"label": "Play", "method": "animate", "args": [None, play | {"fromcurrent": True}]},
            {"label": "Pause", "method": "animate", "args": [[None], _at_once(redraw)]},
            {"label": "Reset", "method": "animate", "args": [[first], _at_once(redraw)]},
        ],
        "bordercolor": NEUTRAL,
        "font": {"color": NEUTRAL, "size": 13},  # plotly's hover colour is near white in both themes
    }


@lru_cache(64)
def _slider(labels: tuple[str, ...], prefix: str, redraw: bool) -> dict[str, Any]:
    return {
        "active": len(labels) - 1,
        "steps": [
            {"label": label, "method": "animate", "args": [[label], _at_once(redraw)]} for label in labels
        ],
        "currentvalue": {"prefix": prefix, "xanchor": "left", "font": {"size": 13, "color": NEUTRAL}},
        "pad": {"t": 50, "b": 0},  # below the axis title, on a phone too
        "len": 1.0,
        "ticklen": 0,
        "minorticklen": 0,
        "bgcolor": "rgba(128, 128, 128, 0.25)",
        "activebgcolor": NEUTRAL,
        "borderwidth": 0,
        "font": {"size": 12, "color": TRANSPARENT},  # the value above suffices; sixty labels would collide
    }
