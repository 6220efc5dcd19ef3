"""The deep-link guard: every page by its own URL, also as the first request to a fresh server."""

import streamlit as st

from pages.ui.navigation import pages

FLAG = "_through_app"


def mark_app() -> None:
    """Called by app.py before it runs a page: this session came in through the front door."""
    st.session_state[FLAG] = True


def require_app() -> None:
    """First line of every page: send a visitor who came past app.py back through it.

    Until some session has called `st.navigation`, Streamlit finds the folder pages/ by itself and runs a
    deep-linked page without app.py. Registering the pages and running again brings app.py in. The flag is
    set here too, so that a page run by itself, as in a test, is drawn and does not run in circles.
    """
    if FLAG not in st.session_state:
        mark_app()
        st.navigation(pages(), position="hidden")
        st.rerun()
