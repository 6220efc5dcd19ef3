"""The code behind a picture."""

import streamlit as st


def show_code(snippet: str) -> None:
    """An expander with a snippet that gives the numbers on the page when it is run in a notebook."""
    with st.expander("Show the code", icon=":material/code:"):
        st.code(snippet.strip(), language="python", wrap_lines=True)
