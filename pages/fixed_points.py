"""Fixed points: iterate a map of one or two numbers, follow its flow, sweep its parameter."""

import streamlit as st

from pages.ui.fixed_points.flow import draw_flow
from pages.ui.fixed_points.number import draw_number
from pages.ui.fixed_points.plane import draw_plane
from pages.ui.fixed_points.solvers import draw_solvers
from pages.ui.fixed_points.sweep import draw_sweep
from pages.ui.server.guard import require_app
from pages.ui.widgets.charts import download_pictures
from pages.ui.widgets.links import copy_link
from pages.ui.widgets.navigation import page

require_app()
if st.query_params.get("explore") == "A network":  # a tab of old links, whose picture is on Toy
    moved = {"toy_input": st.query_params.get("toy_input", "5")}
    st.switch_page(page("toy"), query_params=moved)

TABS = {
    "One number": draw_number,
    "Four solvers": draw_solvers,
    "As an ODE": draw_flow,
    "Sweep": draw_sweep,
    "Two numbers": draw_plane,
}

st.title("Where does a map settle when you iterate it?", anchor=False)
st.markdown(
    "A fixed point is a value that the map does not change, ${x^* = f(x^*)}$. A deep equilibrium model is a network "
    "whose output is a fixed point."
)
for tab, draw in zip(st.tabs(list(TABS), key="explore", bind="query-params"), TABS.values(), strict=True):
    if tab.open:
        with tab:
            draw()
with st.container(horizontal=True):
    copy_link()
    download_pictures()
