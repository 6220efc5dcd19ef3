"""Cards of equal height: a title, a picture, and a link to the page with more."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import streamlit as st

from pages.ui.widgets.links import link_to_picture


@contextmanager
def card(title: str, name: str, link: str, query: Mapping[str, str]) -> Iterator[None]:
    """A bordered card: a title, the content drawn inside, and at the bottom a link to pages/NAME.py in a new tab.

    query: the settings in the link, as in that page's URL.
    """
    with st.container(border=True, height="stretch"):
        st.subheader(title, anchor=False)
        yield
        with st.container(
            height="stretch", vertical_alignment="bottom"
        ):  # level with those of its neighbours
            link_to_picture(link, name, query)
