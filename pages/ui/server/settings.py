"""What a visitor has set on each page, until the visit ends: a page left for another opens as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

LEFT = "_left_settings"  # page -> the settings in its address
OPEN = "_open_page"  # the page of the last run


@contextmanager
def keeping_settings(page: str) -> Iterator[None]:
    """Runs a page. If it is opened without settings in its address, from the menu or by Back, it gets its last ones.

    Streamlit clears the address of a page when it is left, and resets its widgets to their defaults on return.
    """
    left = st.session_state.setdefault(LEFT, {})
    entered = st.session_state.get(OPEN) != page
    st.session_state[OPEN] = page
    if entered and left.get(page) and not st.query_params:
        st.query_params.update(left[page])
        st.rerun()  # after Back, Streamlit would put the defaults of an empty address first
    try:
        yield
    finally:
        left[page] = {name: st.query_params.get_all(name) for name in st.query_params}
