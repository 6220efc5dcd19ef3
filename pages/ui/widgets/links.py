"""Links that restore what is on the screen."""

from pathlib import Path

import streamlit as st

from pages.ui.widgets import live
from pages.ui.widgets.live import live_component

SCRIPT = Path(live.__file__).with_name("link.js")


def copy_link() -> None:
    """A button that copies the link to this page and its settings, which the browser reads from its address bar."""
    address = (st.context.url or "").partition("?")[0]
    live_component(SCRIPT)(key="copy_link", data={"address": address}, width="content")
