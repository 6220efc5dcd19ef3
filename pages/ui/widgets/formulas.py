"""Formulas in a row that wraps: a line wider than a phone would be cut off."""

import streamlit as st


def show_formulas(*formulas: str) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="center", vertical_alignment="center", gap="medium"
    ):
        for formula in formulas:
            st.latex(formula, width="content")
