"""Solvers: compare them on a real model with your own settings, from the race to the gradient's error."""

import streamlit as st

from deq.analysis.comparison.subjects import DIGITS, STIFF
from pages.ui.readers.missing import note_stand_in
from pages.ui.server.guard import require_app
from pages.ui.solvers.compute import draw_compute
from pages.ui.solvers.gradients import MEMORY, draw_gradients
from pages.ui.solvers.precision import draw_precision
from pages.ui.solvers.race import draw_race
from pages.ui.solvers.settings import draw_examples, read_settings
from pages.ui.solvers.why import draw_why
from pages.ui.solvers.work import problem_of
from pages.ui.widgets.charts import download_pictures
from pages.ui.widgets.links import copy_link

require_app()

TABS = {
    "Race": draw_race,
    "Why": draw_why,
    "Work and precision": draw_precision,
    "Gradients": draw_gradients,
    "Test-time compute": draw_compute,
}
# Tabs in old links, and where their contents are now.
MOVED = {
    "In the batch": {"race_view": "Race"},
    "Memory": {"race_view": "Gradients", "race_against": MEMORY},
}
for parameter, value in MOVED.get(st.query_params.get("race_view", ""), {}).items():
    st.session_state[parameter] = value

st.title("Which solver should I use, and is my gradient right?", anchor=False)
st.markdown(
    "All solvers look for the same equilibrium ${z^* = f(z^*, x)}$, but not all find it. All times were measured "
    "on this server."
)
settings = read_settings()
if settings is not None:
    try:
        problem_of(settings.subject)
    except ValueError as error:
        st.error(str(error))
        settings = None
if settings is not None:
    draw_examples()
    if settings.subject.reads_digits and settings.subject.batch in (DIGITS, STIFF):
        note_stand_in()
    for tab, draw in zip(
        st.tabs(list(TABS), key="race_view", bind="query-params"), TABS.values(), strict=True
    ):
        if tab.open:
            with tab:
                draw(settings)
with st.container(horizontal=True):
    copy_link()
    download_pictures()
