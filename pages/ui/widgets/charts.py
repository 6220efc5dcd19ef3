"""Plotly figures on a page, with downloads: SVG or PNG by their camera button, CSV by a button."""

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from deq.plots.figure import Figure
from deq.plots.style import DIGIT_COLORS
from deq.plots.table import figure_table
from pages.ui.widgets.downloads import Table, csv_button
from pages.ui.widgets.text import unbroken

OPEN, FORMAT, DRAWN = "download", "picture_format", "_drawn"  # keys of the session
FORMATS = ("SVG", "PNG")

# Only the camera button: drag to zoom, double-click to reset.
CONFIG = {
    "displaylogo": False,
    "responsive": True,
    "scrollZoom": False,
    "modeBarButtonsToRemove": [
        "zoom2d",
        "pan2d",
        "select2d",
        "lasso2d",
        "zoomIn2d",
        "zoomOut2d",
        "autoScale2d",
        "resetScale2d",
    ],
}


# Of the 6 KB of Streamlit's own template our figures need only these two; the browser adds fonts, axes and colours.
TEMPLATE = {
    "data": {"scatter": [{"marker": {"line": {"width": 0}}}]},
    "layout": {"colorway": list(DIGIT_COLORS)},
}


class Ready(go.Figure):  # type: ignore[misc]
    """Passes for a plotly figure and hands its dictionary to Streamlit; plotly would check a bare dictionary."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec

    def to_dict(self) -> dict[str, Any]:
        return self._spec


def show(
    figure: Figure,
    key: str,
    caption: str | None = None,
    alt: str | None = None,
) -> None:
    """Draw a figure of deq.plots at full width.

    caption: one line below the picture; alt: text for screen readers, by default the caption.
    """
    offer(key, lambda: figure_table(figure))
    image = {"format": st.session_state.get(FORMAT, FORMATS[0]).lower(), "filename": key, "scale": 2}
    config = CONFIG | {"toImageButtonOptions": image}
    spec = figure.spec()
    spec["layout"]["template"] = TEMPLATE
    st.plotly_chart(Ready(spec), key=key, config=config, alt=alt or caption)
    if caption:
        st.caption(unbroken(caption))


def offer(key: str, table: Callable[[], Table]) -> None:
    """Offer the data of a picture as CSV under "Download"; they are read only while that is open."""
    if st.session_state.get(OPEN):
        st.session_state.setdefault(DRAWN, {})[key] = table


def download_pictures() -> None:
    """A popover with the data of each picture as CSV, and the format that the camera buttons save.

    Call it after the pictures. Their data are read only while it is open.
    """
    box = st.popover("Download", icon=":material/download:", key=OPEN, on_change="rerun")
    if not box.open:
        return
    with box:
        st.segmented_control(
            "Format of the camera button",
            FORMATS,
            default=FORMATS[0],
            required=True,
            key=FORMAT,
            persist_state="session",
        )
        st.caption("Data of each picture, as CSV:")
        with st.container(horizontal=True):
            for key, table in st.session_state.pop(DRAWN, {}).items():
                csv_button(key.replace("-", " ").capitalize(), table(), f"picture-{key}.csv")
