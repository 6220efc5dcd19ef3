"""Toy: from cos x = x to a network of one layer that learns y = 2x on the page."""

import streamlit as st

from deq.training.toy import BEST_SLOPE, ToyRun, train_toy
from pages.ui.server.guard import require_app
from pages.ui.toy.pictures import (
    show_cell,
    show_cosine,
    show_depth,
    show_loss,
    show_predictions,
    trajectories,
)
from pages.ui.toy.words import metric_with_error, snippet, summary
from pages.ui.widgets import charts
from pages.ui.widgets.code import show_code
from pages.ui.widgets.downloads import csv_button
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.links import copy_link
from pages.ui.widgets.rows import what_to_try
from pages.ui.widgets.text import brief, unbroken

require_app()

LENGTHS = [10, 20, 50, 100, 200, 500, 1000]
# What to try: name -> seed, updates, what to look for.
PRESETS = {
    "Too steep": (22, 10, "The slope is above 2/3: predictions overshoot, and solves take longer."),
    "Too flat": (10, 10, "The slope is far below 2/3: solves are fast, but the line is wrong."),
    "Well trained": (
        0,
        1000,
        "The slope is 2/3 to four digits, and the line continues beyond the training range.",
    ),
}


@st.cache_data(max_entries=200, show_spinner="Training")
def trained(seed: int, steps: int) -> ToyRun:
    """Plain arrays: visitors share no model."""
    return train_toy(seed, steps)


def choose(seed: int, steps: int) -> None:
    st.session_state.update(seed=seed, steps=steps)


st.title("Can an infinitely deep network learn y = 2x?", anchor=False)
st.markdown(
    "Press cos again and again: the display settles where **cos x = x**. Repeat a network's one layer, and it settles "
    "on its answer $z^*$. Here the layer's sixteen weights act as one line, $f(z, x) = s\\,(z + x) + c$; trained on "
    + unbroken("x = 1 to 10, it answers **y = 2x** with slope s = 2/3.")
)
length, chosen, seeding, again = st.columns([2, 2, 1, 1.2], gap="medium", vertical_alignment="bottom")
steps = length.select_slider("Updates", LENGTHS, 1000, key="steps", bind="query-params", help=tip("update"))
x = chosen.slider("Input x", -10.0, 10.0, 5.0, 0.5, key="toy_input", bind="query-params")
seed = seeding.number_input("Seed", 0, 9999, 0, key="seed", bind="query-params", help=tip("seed"))
again.button("Train with a new seed", on_click=choose, args=((seed + 1) % 10_000, steps))
run = trained(int(seed), int(steps))
study = run.study

with st.container(key="answer_last"):  # on a phone it comes first, below the controls that move it
    cosine, cell, predictions = st.columns(3, gap="medium")
with cosine:
    show_cosine()
with cell:
    show_cell(study, x)
with predictions:
    show_predictions(study, x)
st.markdown(unbroken(summary(run, int(steps))))
with what_to_try():
    for name, (*settings, seen) in PRESETS.items():
        st.button(name, on_click=choose, args=settings, help=seen)
with st.container(horizontal=True, gap="large"):
    metric_with_error("Prediction at −5", study.at(-5), -10.0, "−10", 3, "extrapolation")
    metric_with_error("Slope", study.slope, BEST_SLOPE, "2/3", 4, "slope")
    st.metric("Loss", brief(float(run.loss[-1])), help=tip("loss"), width="content")
    st.metric("Most evaluations", int(study.nfe.max()), help=tip("NFE"), width="content")
depth, training = st.columns(2, gap="medium")
with depth:
    show_depth(study)
with training:
    show_loss(run)

with st.expander("Every input"):
    columns = {"x": study.x, "truth": 2 * study.x, "prediction": study.prediction, "residual": study.residual}
    table = columns | {"evaluations": study.nfe, "converged": study.converged}
    st.dataframe(table, hide_index=True)
    named = f"seed-{seed}-updates-{steps}.csv"
    with st.container(horizontal=True):
        csv_button("Download as CSV", table, f"toy-{named}")
        csv_button("Download the trajectories", trajectories(study), f"toy-trajectories-{named}")
show_code(snippet(run, int(seed), int(steps), x))
with st.container(horizontal=True):
    copy_link()
    charts.download_pictures()
