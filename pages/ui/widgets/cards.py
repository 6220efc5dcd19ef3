"""Cards of equal height: a step of a story with its picture and a link to the page that tells more."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import streamlit as st

from pages.ui.widgets.navigation import page


@contextmanager
def card(title: str, name: str, link: str, query: Mapping[str, str] | None = None) -> Iterator[None]:
    """A bordered card: title, whatever is drawn inside, and at its foot a link to pages/NAME.py.

    query: the settings that the link carries, as they stand in that page's URL.
    """
    with st.container(border=True, height="stretch"):
        st.subheader(title, anchor=False)
        yield
        st.space("stretch")
        arrow = ":material/arrow_forward:"
        st.page_link(page(name), label=link, icon=arrow, icon_position="right", query_params=query)
