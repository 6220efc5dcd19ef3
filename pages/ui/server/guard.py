"""The guard of every page: by its own URL, also as the first request to a fresh server, whatever stands in the link."""

import math

import streamlit as st

from pages.ui.widgets.navigation import pages

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
    if drop_infinities():
        st.rerun()


def drop_infinities() -> bool:
    """Take infinite numbers, on which fields for whole ones raise (Streamlit 1.67), out of the link: were there any?"""
    found = [name for name in st.query_params if any(map(_is_infinite, st.query_params.get_all(name)))]
    for name in found:
        del st.query_params[name]
    return bool(found)


def _is_infinite(text: str) -> bool:
    try:
        return math.isinf(float(text))
    except ValueError:
        return False
