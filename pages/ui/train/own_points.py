"""Own points: clicked into a plane, written as text or uploaded as CSV, all one list that the link keeps."""

import math
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from deq.data import DatasetError, Points
from deq.data.patterns import PATTERNS, pattern
from deq.data.point_tables import ReadPoints, points_text, read_points, read_points_file
from deq.data.points import LETTERS, MOST, make_points
from deq.plots.classes import class_look
from pages.ui.widgets.live import bundle
from pages.ui.widgets.text import plain

HERE = Path(__file__).parent
PLANE = "fit_plane"
LOOKS = [[letter, *class_look(letter)] for letter in LETTERS]
CODE = "fit_points"  # in the link and in the session
EDITION, WRITTEN = "_points_edition", "_points_written"
REPLACED = "_points_replaced"  # when the link stopped to hold a list
ECHO = 10.0  # seconds in which a text that comes back is no edit
LATE = 3.0  # seconds in which a list that the link held before is no request to go back
TEXT, UPLOAD, SAID, REFUSED = "fit_points_text", "fit_points_file", "_points_said", "_points_refused"
FIRST = pattern(next(iter(PATTERNS)))
EMPTY = Points(".")  # unlike an empty code, it stays in the link
KEYS = (
    "With keys, in the plane: arrows move the cursor, faster with Shift; Enter adds a point, Backspace removes one; "
    "A to F choose the class."
)
EXAMPLE = "0.5, -1.2, A\n1.4, 0.3, B"


def own_points() -> Points | None:
    """Draw the plane and the other ways to enter points; None, with a line why, while there are too few."""
    points = _current()
    _write_link(points)
    left, right = st.columns(2, gap="large")
    with left:
        _draw_plane(points, _edition(), _take_clicks)
    with right:
        st.markdown("Click to add a point, click on one to remove it. **Or start from**", help=KEYS)
        with st.container(horizontal=True, gap="small"):
            for name in PATTERNS:
                st.button(name, key=f"fit_points_{name}", on_click=keep_points, args=(pattern(name),))
            st.button("Clear", icon=":material/delete:", on_click=keep_points, args=(EMPTY,))
        _draw_text(points)
        _draw_files(points)
        if points.missing:
            st.warning(points.missing)
    return None if points.missing else points


def keep_points(points: Points) -> None:
    """Replace the list; clicks on the old one no longer count."""
    st.session_state[EDITION] = _edition() + 1
    _keep(points)


def _edition() -> int:
    return int(st.session_state.get(EDITION, 0))


def _keep(points: Points) -> None:
    """The list, in the session and in the link."""
    for said in (SAID, REFUSED):
        st.session_state.pop(said, None)
    _write_link(points)


def forget_points() -> None:
    """Another task: the link says nothing of points, and the session keeps them."""
    st.query_params.pop(CODE, None)


def _current() -> Points:
    """The list of the link, or else of the session; the first pattern, and a message, where the link holds none."""
    linked = st.query_params.get(CODE)
    if linked and time.monotonic() - st.session_state.get(REPLACED, {}).get(linked, -math.inf) < LATE:
        linked = None  # during clicks the browser may still send the address of before
    try:
        return Points(linked or st.session_state.get(CODE, FIRST.code))
    except ValueError as error:
        st.session_state[REFUSED] = (
            f"The points in the link cannot be read; the first pattern is shown. {error}"
        )
        st.session_state[CODE] = FIRST.code
        return FIRST


def _write_link(points: Points) -> None:
    if (before := st.session_state.get(CODE, points.code)) != points.code:
        _remember(REPLACED, before)
    if st.query_params.get(CODE) != points.code:
        st.query_params[CODE] = points.code
    st.session_state[CODE] = points.code


def _take_clicks() -> None:
    points = _clicked_points(_edition())
    if points is not None:
        _keep(points)


def _draw_text(points: Points) -> None:
    """The list as text; an edit changes the list; one that cannot be read stays in the box to be corrected."""
    refused = st.session_state.get(REFUSED)
    if not refused or TEXT not in st.session_state:
        _write_text(points_text(points))
    st.text_area(
        "Or paste x, y, label, one point per line",
        key=TEXT,
        height=150,
        placeholder=EXAMPLE,
        on_change=_take_text,
        help=f"Separated by comma, semicolon or tab. Labels are words or numbers, at most {len(LETTERS)} different "
        f"ones; up to {MOST} points. Points on any scale are moved and scaled to fit the plane.",
    )
    for line in st.session_state.get(SAID, ()):
        st.caption(plain(line))
    if refused:
        st.error(plain(refused))


def _draw_files(points: Points) -> None:
    upload, download = st.columns([2, 1], vertical_alignment="bottom")
    upload.file_uploader("Or upload them as a CSV", ["csv", "txt", "tsv"], key=UPLOAD, on_change=_take_file)
    download.download_button(
        "Save points",
        "x,y,label\n" + points_text(points).replace(" ", ""),
        "points.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="fit_points_csv",
    )


def _write_text(text: str) -> None:
    """Fill the text box, and remember its text: during clicks the browser may send back what the box held before."""
    st.session_state[TEXT] = text
    _remember(WRITTEN, text)


def _remember(name: str, what: str) -> None:
    """The time of this, beside those of the last seconds."""
    now = time.monotonic()
    recent = {old: at for old, at in st.session_state.get(name, {}).items() if now - at < ECHO}
    st.session_state[name] = recent | {what: now}


def _take_text() -> None:
    text = st.session_state[TEXT]
    if text in st.session_state.get(WRITTEN, {}):
        return  # not an edit
    if not text.strip():
        keep_points(EMPTY)
        return
    try:
        _take(read_points("The text", text))
    except DatasetError as error:
        st.session_state[REFUSED] = str(error)


def _take_file() -> None:
    upload = st.session_state[UPLOAD]
    if upload is None:
        return
    try:
        _take(read_points_file(upload.name, upload.getvalue()))
    except DatasetError as error:
        st.session_state[REFUSED] = str(error)


def _take(read: ReadPoints) -> None:
    keep_points(read.points)
    st.session_state[SAID] = read.notes


def _draw_plane(points: Points, edition: int, on_change: Callable[[], None]) -> None:
    """Draw the points and call on_change after a click or a key has changed them.

    edition: larger after every change of the list that was not made in the plane.
    """
    rows = [[*place, label] for place, label in zip(points.x.tolist(), points.y.tolist(), strict=True)]
    sent = _sent()
    serial = sent["serial"] if sent and sent["edition"] == edition else 0
    data = {"points": rows, "edition": edition, "serial": serial, "looks": LOOKS, "most": MOST}
    _plane()(key=PLANE, data=data, on_list_change=on_change)


def _clicked_points(edition: int) -> Points | None:
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
    sent = (st.session_state.get(PLANE) or {}).get("list")
    if not isinstance(sent, Mapping) or not {"points", "edition", "serial"} <= sent.keys():
        return None
    return dict(sent) if all(isinstance(sent[name], int | float) for name in ("edition", "serial")) else None


@lru_cache(1)
def _plane() -> Callable[..., Any]:
    """The component, registered on first use: that needs a running server."""
    html, css = ((HERE / f"plane.{kind}").read_text() for kind in ("html", "css"))
    return st.components.v2.component("deq_plane", html=html, css=css, js=bundle(HERE / "plane.js"))
