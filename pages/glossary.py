"""Glossary: the terms behind all tooltips, and how each solver is drawn."""

import streamlit as st

from deq.plots.style import solver_key
from pages.ui.server.guard import require_app
from pages.ui.widgets import charts
from pages.ui.widgets.glossary import matching, tip
from pages.ui.widgets.links import copy_link

require_app()

st.title("What do these terms mean?", anchor=False)
st.markdown("The definitions behind the tooltips on every page.")
word = st.text_input(
    "Search the definitions",
    key="term",
    bind="query-params",
    placeholder="For example: residual",
    max_chars=60,
)
found = matching(word)
if not found:
    st.info("No definition mentions this. Here are all of them.")
    found = matching("")
half = (len(found) + 1) // 2
for column, terms in zip(st.columns(2, gap="large"), (found[:half], found[half:]), strict=True):
    for term in terms:
        column.markdown(f"**{term}**  \n{tip(term)}")
st.subheader("How each solver is drawn", anchor=False)
charts.show(
    solver_key(), "solver-styles", caption="Each solver has the same colour, dash and marker on every page."
)
with st.container(horizontal=True):
    copy_link()
    charts.download_pictures()
