"""The plane that points are clicked into: a small component without a build step."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from deq.data.points import LETTERS, MOST, Points, make_points
from deq.plots.regions import class_look

HERE = Path(__file__).parent
KEY = "fit_plane"
LOOKS = [[letter, *class_look(letter)] for letter in LETTERS]


def draw_plane(points: Points, edition: int, on_change: Callable[[], None]) -> None:
    """Draw the points and call on_change after a click or a key has changed them.

    edition: larger after every change of the list that was not made in the plane.
    """
    rows = [[*place, label] for place, label in zip(points.x.tolist(), points.y.tolist(), strict=True)]
    sent = _sent()
    serial = sent["serial"] if sent and sent["edition"] == edition else 0
    data = {"points": rows, "edition": edition, "serial": serial, "looks": LOOKS, "most": MOST}
    _plane()(key=KEY, data=data, on_list_change=on_change)


def clicked_points(edition: int) -> Points | None:
    """The points that the browser has sent; None if it has sent anything else, or changed an older edition."""
    sent = _sent()
    if sent is None or sent["edition"] != edition:
        return None
    try:
        found = np.array(sent["points"], float).reshape(-1, 3)
        return make_points(found[:, :2], found[:, 2])
    except (TypeError, ValueError, OverflowError):
        return None


def _sent() -> dict[str, Any] | None:
    """The list that the browser has sent last, if it is one."""
    sent = (st.session_state.get(KEY) or {}).get("list")
    if not isinstance(sent, Mapping) or not {"points", "edition", "serial"} <= sent.keys():
        return None
    return dict(sent) if all(isinstance(sent[name], int | float) for name in ("edition", "serial")) else None


@lru_cache(1)
def _plane() -> Callable[..., Any]:
    """The component, registered on first use: that needs a running server."""
    html, css, js = ((HERE / f"plane.{kind}").read_text() for kind in ("html", "css", "js"))
    return st.components.v2.component("deq_plane", html=html, css=css, js=js)
