"""Links to exactly the picture on the screen."""

from urllib.parse import urlencode

import streamlit as st

LISTED = "runs"  # the parameter with a visitor's own runs: it survives a refresh and is not for others


def current_link() -> str:
    """The address of this page with the settings that stand in it; a bare query when the browser is unknown."""
    settings = [name for name in st.query_params if name != LISTED]
    query = urlencode({name: st.query_params.get_all(name) for name in settings}, doseq=True)
    address = st.context.url or ""
    return f"{address}?{query}" if query else address


def copy_link() -> None:
    """A button that opens the link to this page and its settings, with a copy button beside it.

    Call it after the widgets that are bound to the URL: it shows what they have written there.
    """
    with st.popover("Copy link", icon=":material/link:"):
        st.caption("Whoever opens this link sees what you see now.")
        st.code(current_link(), language=None, wrap_lines=True)
