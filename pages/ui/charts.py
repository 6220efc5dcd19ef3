"""Plotly figures on a page."""

from collections.abc import Callable
from typing import Literal

import plotly.graph_objects as go
import streamlit as st

# No logo and no buttons but the camera: zoom by dragging, back by double click.
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
    "toImageButtonOptions": {"format": "svg", "filename": "deq-lab"},
}


def show(
    figure: go.Figure,
    key: str,
    caption: str | None = None,
    on_select: Literal["ignore", "rerun"] | Callable[[], None] = "ignore",
):
    """Draw a figure of deq.plots over the full width; its ground is transparent, its text in the theme's colour.

    caption: one line under the picture that says what is seen; it also names the chart for screen readers.
    on_select: as in `st.plotly_chart`, whose result is returned (the selection, when it is not "ignore").
    """
    result = st.plotly_chart(figure, key=key, on_select=on_select, config=CONFIG, alt=caption or key)
    if caption:
        st.caption(caption)
    return result
