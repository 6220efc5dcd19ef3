"""Rows that several pages need: formulas, which wrap, and settings worth seeing, which scroll sideways on a phone."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st


def show_formulas(*formulas: str) -> None:
    """A line wider than a phone would be cut off."""
    with st.container(
        horizontal=True, horizontal_alignment="center", vertical_alignment="center", gap="medium"
    ):
        for formula in formulas:
            st.latex(formula, width="content")


@contextmanager
def what_to_try() -> Iterator[None]:
    """A row for buttons with settings worth seeing, once a page."""
    with st.container(horizontal=True, vertical_alignment="center", key="what_to_try"):  # see look.css
        st.markdown("**What to try.**", width="content")
        yield
