"""Links that restore what is on the screen."""

from urllib.parse import urlencode

import streamlit as st


def current_link() -> str:
    """The URL of this page with its settings; only the query if the address is unknown."""
    query = urlencode({name: st.query_params.get_all(name) for name in st.query_params}, doseq=True)
    address = st.context.url or ""
    return f"{address}?{query}" if query else address


def copy_link() -> None:
    """A popover with the link to this page and its settings.

    Call it after the widgets that are bound to the URL.
    """
    with st.popover("Copy link", icon=":material/link:"):
        st.caption("This link opens the page as you see it now.")
        st.code(current_link(), language=None, wrap_lines=True)
