"""Toy: train y = 2x on the page and look inside."""

import streamlit as st

from deq.plots.toy import depth_trajectories, loss_curve, prediction_line
from deq.training.toy import BEST_SLOPE, TRAINED_ON, ToyRun, train_toy
from pages.ui.server.guard import require_app
from pages.ui.toy.words import metric_with_error, snippet, summary
from pages.ui.widgets import charts
from pages.ui.widgets.code import show_code
from pages.ui.widgets.downloads import csv_button
from pages.ui.widgets.formulas import show_formulas
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.links import copy_link

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
    "Its one layer is a line, repeated until z stops changing. **y = 2x** needs a slope s of 2/3, which training has "
    "to find from x = 1 to 10."
)
show_formulas(r"f(z, x) = s\,(z + x) + c", r"z^* = f(z^*, x) = \frac{s\,x + c}{1 - s}")
length, seeding = st.columns([2, 1], gap="medium")
steps = length.select_slider("Updates", LENGTHS, 1000, key="steps", bind="query-params", help=tip("update"))
seed = seeding.number_input("Seed", 0, 9999, 0, key="seed", bind="query-params", help=tip("seed"))
run = trained(int(seed), int(steps))

st.button(
    "Train with a new seed", icon=":material/refresh:", on_click=choose, args=((seed + 1) % 10_000, steps)
)

study = run.study
seen_in_training = (study.x >= TRAINED_ON[0]) & (study.x <= TRAINED_ON[-1])
bounds = (float(TRAINED_ON[0]), float(TRAINED_ON[-1]))
predictions, depth, training = st.columns(3, gap="medium")
with predictions:
    line = prediction_line(study.x, study.prediction, study.converged, 2.0, bounds, height=320)
    charts.show(
        line, key="predictions", caption="Predictions and the truth, inside and outside the training range."
    )
with depth:
    figure = depth_trajectories(study.values[seen_in_training], 2 * study.x[seen_in_training], height=320)
    charts.show(
        figure, key="depth", caption="z at each depth for the ten training inputs; ticks mark the targets."
    )
with training:
    charts.show(loss_curve(run.step, run.loss, height=320), key="loss", caption="Training loss.")

st.markdown(summary(run, int(steps)))
with st.container(horizontal=True, vertical_alignment="center"):
    st.markdown("**What to try.**", width="content")
    for name, (*settings, seen) in PRESETS.items():
        st.button(name, on_click=choose, args=settings, help=seen)
with st.container(horizontal=True, gap="large"):
    metric_with_error("Prediction at −5", study.at(-5), -10.0, "−10", 3, "extrapolation")
    metric_with_error("Slope", study.slope, BEST_SLOPE, "2/3", 4, "slope")
    st.metric("Loss", f"{run.loss[-1]:.3g}", help=tip("loss"), width="content")
    st.metric("Evaluations", int(study.nfe.max()), help=tip("NFE"), width="content")

with st.expander("Every input"):
    columns = {"x": study.x, "truth": 2 * study.x, "prediction": study.prediction, "residual": study.residual}
    table = columns | {"evaluations": study.nfe, "converged": study.converged}
    st.dataframe(table, hide_index=True)
    csv_button("Download as CSV", table, f"toy-seed-{seed}-updates-{steps}.csv")
show_code(snippet(run, int(seed), int(steps)))
with st.container(horizontal=True):
    copy_link()
    charts.download_pictures()
