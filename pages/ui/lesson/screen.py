"""The page on the whole screen and on paper."""

from pathlib import Path

import streamlit as st

from pages.ui.widgets.live import live_component

SCRIPT = Path(__file__).with_name("screen.js")


def screen_buttons() -> None:
    """Buttons that fill the screen with the page and print it."""
    live_component(SCRIPT)(key="screen", width="content")


def on_paper() -> None:
    """The style for paper: no buttons, and no page break within a question."""
    st.html(SCRIPT.with_name("print.css"))
