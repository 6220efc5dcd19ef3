"""The plane that points are clicked into: a small component without a build step."""

from collections.abc import Callable
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


def draw_plane(points: Points, on_change: Callable[[], None]) -> None:
    """Draw the points and call on_change after a click or a key has changed them."""
    rows = [[*place, label] for place, label in zip(points.x.tolist(), points.y.tolist(), strict=True)]
    _plane()(key=KEY, data={"points": rows, "looks": LOOKS, "most": MOST}, on_points_change=on_change)


def clicked_points() -> Points | None:
    """The points that the browser has sent; None if it has sent anything else."""
    try:
        found = np.array(st.session_state[KEY]["points"], float).reshape(-1, 3)
        return make_points(found[:, :2], found[:, 2])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


@lru_cache(1)
def _plane() -> Callable[..., Any]:
    """The component, registered on first use: that needs a running server."""
    html, css, js = ((HERE / f"plane.{kind}").read_text() for kind in ("html", "css", "js"))
    return st.components.v2.component("deq_plane", html=html, css=css, js=js)
