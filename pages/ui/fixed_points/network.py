"""The tab A network: the trained toy, its ten trajectories, and its cell drawn as a line."""

import numpy as np
import streamlit as st

from deq.models.checkpoints import load_pretrained
from deq.plots.cobweb import cobweb
from deq.plots.toy import depth_trajectories
from deq.training.toy import BEST_SLOPE, TRAINED_ON, ToyStudy, study_toy
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import show_code
from pages.ui.widgets.downloads import csv_button
from pages.ui.widgets.glossary import tip

WINDOW = np.linspace(-22, 22, 201)
NUM_STEPS, HEIGHT = 25, 480
SNIPPET = """
import numpy as np
from deq.models.checkpoints import load_pretrained
from deq.plots.cobweb import cobweb
from deq.plots.toy import depth_trajectories
from deq.training.toy import TRAINED_ON, study_toy

study = study_toy(load_pretrained("toy").model)
seen = np.isin(study.x, TRAINED_ON)
figure = depth_trajectories(study.values[seen], 2 * study.x[seen])
print(study.slope, study.at(-5))

x = {x}  # the cell at this input is the line z -> slope (z + x) + shift
shift = study.at(1) * (1 - study.slope) - study.slope
z = [0.0]
for _ in range({num_steps}):
    z.append(study.slope * (z[-1] + x) + shift)
window = np.linspace(-22, 22, 201)
staircase = cobweb(window, study.slope * (window + x) + shift, z, titles=("z", "f(z)"))
figure
"""


@st.cache_data(show_spinner="Loading the trained toy")
def toy_study() -> ToyStudy:
    """Plain arrays: visitors share no model."""
    return study_toy(load_pretrained("toy").model)


def draw_network() -> None:
    """The input, trajectories beside the cobweb of the cell, a sentence, data and code."""
    study = toy_study()
    control, *columns = st.columns([2, 1, 1, 1], gap="medium")
    x = control.slider(
        "Input x", -10.0, 10.0, 5.0, 0.5, key="toy_input", bind="query-params", persist_state="session"
    )
    slope, shift = study.slope, line_shift(study)
    z = iterate_line(slope, shift, x)
    answer = (slope * x + shift) / (1 - slope)
    columns[0].metric("Slope of the cell", f"{slope:.4f}", help=tip("slope"))
    columns[1].metric("Answer z*", f"{answer:.3f}", help=tip("equilibrium"))
    columns[2].metric("Truth 2x", f"{2 * x:.3f}")
    left, right = st.columns(2, gap="medium")
    seen = np.isin(study.x, TRAINED_ON)
    with left:
        figure = depth_trajectories(study.values[seen], 2 * study.x[seen], height=HEIGHT)
        show(figure, "depth", "z at each depth for the ten training inputs; ticks mark the targets.")
    with right:
        figure = cobweb(
            WINDOW,
            slope * (WINDOW + x) + shift,
            z,
            fixed=[answer],
            stable=[abs(slope) < 1],
            titles=("z", "f(z)"),
            height=HEIGHT,
        )
        show(figure, "toy-cobweb", "The cell at this input, iterated from z = 0.")
    st.markdown(
        f"The toy was trained on y = 2x. Its cell is the line f(z) = {slope:.4f} (z + x){_signed(shift)}. The best "
        f"slope is 2/3 = {BEST_SLOPE:.4f}, because z = 2/3 (z + x) only where z = 2x. Each application multiplies "
        f"the error by {slope:.3f} for every input. This is the affine map of the first tab, learnt from data."
    )
    with st.container(horizontal=True):
        csv_button("Trajectories", _long(study, seen), "toy-trajectories.csv")
        csv_button("Cobweb", {"k": np.arange(len(z)), "z": z}, "toy-cobweb.csv")
    show_code(SNIPPET.format(x=x, num_steps=NUM_STEPS))


def _signed(shift: float) -> str:
    """The last term of a sum, with its sign; empty if it rounds to 0."""
    return "" if abs(shift) < 5e-5 else f" {'+' if shift >= 0 else '−'} {abs(shift):.4f}"


def line_shift(study: ToyStudy) -> float:
    """c of the cell s (z + x) + c, from its equilibrium z* = (s x + c) / (1 - s) at x = 1."""
    return study.at(1) * (1 - study.slope) - study.slope


def iterate_line(slope: float, shift: float, x: float) -> np.ndarray:
    """z after 0 to 25 applications of the cell from z = 0: (26,)."""
    z = np.zeros(NUM_STEPS + 1)
    for k in range(NUM_STEPS):
        z[k + 1] = slope * (z[k] + x) + shift
    return z


def _long(study: ToyStudy, seen: np.ndarray) -> dict[str, np.ndarray]:
    """Trajectories as a long table, without the NaN past their ends."""
    values = study.values[seen]
    inputs, depth = np.meshgrid(study.x[seen], np.arange(values.shape[1]), indexing="ij")
    known = ~np.isnan(values)
    return {"x": inputs[known], "depth": depth[known], "z": values[known]}
