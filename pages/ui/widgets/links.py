"""Links that restore what is on the screen."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from pages.ui.widgets import live
from pages.ui.widgets.live import live_component

SCRIPT = Path(live.__file__).with_name("link.js")


def current_link() -> str:
    """The address of this page with its settings, as they were when this run began or as it has set them."""
    return _with(_address(), st.query_params.to_dict())


def copy_link() -> None:
    """A button that copies the link to this page and its settings, which the browser reads from its address bar."""
    live_component(SCRIPT)(key="copy_link", data={"address": _address()}, width="content")


def link_to_picture(label: str, name: str, query: Mapping[str, str]) -> None:
    """A link to pages/NAME.py with exactly these settings, in a new tab.

    Not st.page_link: if that page was open before, its earlier settings would override those in the link.
    """
    arrow = ":material/open_in_new:"
    url = _with(name, query)  # beside this page, wherever the app is served
    st.link_button(label, url, type="tertiary", icon=arrow, icon_position="right")


def _address() -> str:
    """The address of this page without its settings; empty if unknown."""
    return (st.context.url or "").partition("?")[0]


def _with(address: str, query: Mapping[str, str]) -> str:
    return f"{address}?{urlencode(query)}" if query else address
