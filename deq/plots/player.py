"""Play, pause, reset and a slider for the frames of a figure, running in the browser."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from deq.plots.figure import Figure
from deq.plots.style import NEUTRAL, TRANSPARENT

FRAME_MS = 350
AT_ONCE = {"frame": {"duration": 0, "redraw": False}, "transition": {"duration": 0}, "mode": "immediate"}


def add_player(
    figure: Figure,
    frames: Sequence[Sequence[dict[str, Any]]],
    traces: Sequence[int],
    labels: Sequence[str],
    prefix: str,
) -> None:
    """Add frames that redraw some scatter traces, starting at the last.

    frames: for each, the changed attributes of `traces` with their type. labels: the slider's text after the
    prefix, one per frame, all different.
    """
    figure.plain["frames"] = [
        {"name": label, "data": list(data), "traces": list(traces)}
        for label, data in zip(labels, frames, strict=True)
    ]
    slider = _slider(tuple(labels), prefix)
    figure.update_layout(updatemenus=[_button_row(labels[0])], sliders=[slider], margin={"t": 56})


@lru_cache(16)
def _button_row(first: str) -> dict[str, Any]:
    play = {"frame": {"duration": FRAME_MS, "redraw": False}, "transition": {"duration": 0}}
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
            {"label": "Pause", "method": "animate", "args": [[None], AT_ONCE]},
            {"label": "Reset", "method": "animate", "args": [[first], AT_ONCE]},
        ],
        "bordercolor": NEUTRAL,
        "font": {"color": NEUTRAL, "size": 13},  # plotly's hover colour is near white in both themes
    }


@lru_cache(64)
def _slider(labels: tuple[str, ...], prefix: str) -> dict[str, Any]:
    return {
        "active": len(labels) - 1,
        "steps": [{"label": label, "method": "animate", "args": [[label], AT_ONCE]} for label in labels],
        "currentvalue": {"prefix": prefix, "xanchor": "left", "font": {"size": 13, "color": NEUTRAL}},
        "pad": {"t": 50, "b": 0},  # below the axis title, on a phone too
        "len": 1.0,
        "ticklen": 0,
        "minorticklen": 0,
        "bgcolor": NEUTRAL,
        "activebgcolor": NEUTRAL,
        "borderwidth": 0,
        "font": {"size": 12, "color": TRANSPARENT},  # the value above suffices; sixty labels would collide
    }
