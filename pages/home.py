"""Home: from cos x to a network that thinks longer in eight steps, each actually solved."""

import streamlit as st

from pages.ui.home.steps import (
    follow_flow,
    learn_line,
    press_cosine,
    read_clear_digit,
    read_hard_digit,
    repeat_layer,
    think_longer,
    watch_digits,
)
from pages.ui.home.story import BIBTEX, SOURCES
from pages.ui.server.guard import require_app
from pages.ui.widgets.charts import download_pictures
from pages.ui.widgets.links import copy_link
from pages.ui.widgets.navigation import page

require_app()

st.title("What if a network repeated one layer forever?", anchor=False)
st.markdown(
    "A deep equilibrium model has a single layer f. Its output is the state that this layer does not change, "
    "${z^* = f(z^*, x)}$. Eight steps lead from the cos key of a calculator to a network that thinks longer about "
    "harder questions. Each picture links to the page where you can change it."
)
with st.container(horizontal=True):
    st.page_link(
        page("predict"),
        label="Try your own digit",
        icon=":material/draw:",
        query_params={"predict_way": "Draw"},
    )
    st.page_link(page("lesson"), label="Ten questions for a class", icon=":material/school:")
first = (press_cosine, repeat_layer, follow_flow), (1, 1, 1)
second = (learn_line, read_clear_digit, read_hard_digit), (1, 0.8, 1.5)
for steps, widths in (first, second):
    for column, step in zip(st.columns(widths), steps, strict=True):
        with column:
            step()
watch_digits()
think_longer()
with st.expander("Where this comes from, and how to cite it", icon=":material/menu_book:"):
    st.markdown(SOURCES)
    st.code(BIBTEX, language="bibtex")
with st.container(horizontal=True):
    copy_link()
    download_pictures()
