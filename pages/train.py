"""Train: start a run on the page, watch it, pause or resume it, download the model."""

import streamlit as st

from pages.ui.server.guard import require_app
from pages.ui.train.compare import compare
from pages.ui.train.own import is_ready
from pages.ui.train.preview import preview, shipped_models
from pages.ui.train.run import draw_run
from pages.ui.train.runs import (
    choose_run,
    current_job,
    own_jobs,
    remember_runs,
    start_run,
    upload_weights,
)
from pages.ui.train.settings import PRESETS, apply_preset, read_plan
from pages.ui.widgets.charts import download_pictures
from pages.ui.widgets.links import copy_link
from pages.ui.widgets.rows import what_to_try

require_app()

st.title("How does a network learn its equilibrium?", anchor=False)
st.markdown(
    "Training moves the equilibrium ${z^* = f(z^*, x)}$ until the answer can be read from it. On the way, the "
    "equilibrium can be lost."
)
plan = read_plan()
buttons = st.container(horizontal=True, vertical_alignment="center")
with buttons:
    st.button(
        "Start training",
        type="primary",
        icon=":material/play_arrow:",
        on_click=start_run,
        args=(plan,),
        disabled=not is_ready(plan),
    )
with buttons, what_to_try():
    for name, (_, seen) in PRESETS.items():
        st.button(name, on_click=apply_preset, args=(name,), help=seen)
if refused := st.session_state.pop("fit_refused", None):
    st.warning(refused)

job = current_job()
jobs = own_jobs()
with buttons:
    choose_run(jobs, job)
with st.container():  # keeps what follows in its place
    if job is None:
        preview(plan)
    else:
        draw_run(job)
compare(plan, jobs)
upload_weights()
shipped_models(plan)
with st.container(horizontal=True):
    copy_link()
    download_pictures()
    remember_runs()
