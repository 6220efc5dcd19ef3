"""Cards of equal height: a step of a story with its picture and a link to the page that tells more."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from pages.ui.navigation import page


@contextmanager
def card(title: str, name: str, link: str) -> Iterator[None]:
    """A bordered card: title, whatever is drawn inside, and at its foot a link to pages/NAME.py."""
    with st.container(border=True, height="stretch"):
        st.subheader(title, anchor=False)
        yield
        st.space("stretch")
        st.page_link(page(name), label=link, icon=":material/arrow_forward:", icon_position="right")
