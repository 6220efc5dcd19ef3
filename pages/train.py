"""Train: start a run in the page, watch it learn, pause it, resume it, take the model away."""

import streamlit as st

from pages.ui.server.guard import require_app
from pages.ui.train.preview import preview, shipped_models
from pages.ui.train.run import watch
from pages.ui.train.runs import (
    choose_run,
    compare,
    current_job,
    session_jobs,
    start,
    take_away,
    upload_weights,
)
from pages.ui.train.settings import PRESETS, apply_preset, read_plan
from pages.ui.widgets.charts import download_pictures
from pages.ui.widgets.links import copy_link

require_app()

st.title("How does a network learn to come to rest?", anchor=False)
st.markdown(
    "Training moves the equilibrium $z^* = f(z^*, x)$ to where the answer can be read off it, and must not lose "
    "the equilibrium on the way. The run goes on while you look at other pages."
)
plan = read_plan()
with st.container(horizontal=True, vertical_alignment="center"):
    st.button("Start training", type="primary", icon=":material/play_arrow:", on_click=start, args=(plan,))
    st.markdown("**What to try.**", width="content")
    for name, (_, seen) in PRESETS.items():
        st.button(name, on_click=apply_preset, args=(name,), help=seen)
if refused := st.session_state.pop("fit_refused", None):
    st.warning(refused)

job = current_job()
jobs = session_jobs()
if job is None:
    preview(plan)
else:
    choose_run(jobs, job)
    watch(job)
    if not job.status.is_live:
        take_away(job)
if len(jobs) > 1:
    compare(jobs)
upload_weights()
shipped_models(plan)
with st.container(horizontal=True):
    copy_link()
    download_pictures()
