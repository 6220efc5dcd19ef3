"""The guard of every page: makes deep links work on a fresh server, and drops infinite numbers from the link."""

import math

import streamlit as st

from pages.ui.widgets.navigation import pages

FLAG = "_through_app"


def mark_app() -> None:
    """Called by app.py before it runs a page: this session went through app.py."""
    st.session_state[FLAG] = True


def require_app() -> None:
    """First line of every page: send a visitor who bypassed app.py back through it.

    Until some session has called `st.navigation`, Streamlit finds the folder pages/ on its own and runs a
    deep-linked page without app.py. Registering the pages and rerunning brings app.py in. The flag is set
    here too, so that a page run without app.py, as in a test, does not rerun endlessly.
    """
    if FLAG not in st.session_state:
        mark_app()
        st.navigation(pages(), position="hidden")
        st.rerun()
    if drop_infinities():
        st.rerun()


def drop_infinities() -> bool:
    """Remove infinite numbers, on which integer fields raise (Streamlit 1.67), from the link. True if any."""
    found = [name for name in st.query_params if any(map(_is_infinite, st.query_params.get_all(name)))]
    for name in found:
        del st.query_params[name]
    return bool(found)


def _is_infinite(text: str) -> bool:
    try:
        return math.isinf(float(text))
    except ValueError:
        return False
