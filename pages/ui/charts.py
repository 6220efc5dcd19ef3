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
    """Draw a figure over the full width on the page's own background, in the theme's text colour.

    caption: one line under the picture that says what is seen; it also names the chart for screen readers.
    on_select: as in `st.plotly_chart`, whose result is returned (the selection, when it is not "ignore").
    """
    figure = go.Figure(figure).update_layout(
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", title=None
    )
    result = st.plotly_chart(figure, key=key, on_select=on_select, config=CONFIG, alt=caption or key)
    if caption:
        st.caption(caption)
    return result
