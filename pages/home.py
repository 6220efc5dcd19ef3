"""Home: the story in five living pictures, each really solved."""

import numpy as np
import streamlit as st

from deq.plots.front_page import cosine_picture, flow_picture, layer_picture
from deq.plots.prediction import digit_picture, probability_paths
from deq.plots.toy import prediction_line
from pages.ui.home.story import ALT, reading_line, story
from pages.ui.server.guard import require_app
from pages.ui.widgets import charts
from pages.ui.widgets.cards import card
from pages.ui.widgets.links import copy_link

require_app()

LEARNT = (1.0, 10.0)  # where the toy was trained


@st.fragment
def press_cosine() -> None:
    start = st.slider("Start, in radians", -1.0, 2.0, 1.8, 0.1, key="start", bind="query-params")
    place = int(np.abs(found["cosine.starts"] - start).argmin())
    charts.show(cosine_picture(found["cosine.orbit"][place]), "cosine", alt=ALT["cosine"])
    st.markdown(
        f"From here or anywhere else you end at **{found['cosine.z'][place]:.6f}**, this time after "
        f"{found['cosine.nfe'][place]} presses. It is the one number with cos x = x: a fixed point."
    )


st.title("What if one layer were applied for ever?", anchor=False)
st.markdown(
    "A deep equilibrium model has a single layer f. Its answer is the state that this layer leaves as it is, "
    "$z^* = f(z^*, x)$, however it is found. Five steps lead there from the cos key of a calculator."
)
found = story()
first, second, third = st.columns(3)
with first, card("1. Press cos again and again", "fixed_points", "Try other maps"):
    press_cosine()

with (
    second,
    card("2. Apply a layer for ever", "fixed_points", "See what makes it settle", {"explore": "A network"}),
):
    states = found["layer.states"]
    charts.show(layer_picture(states), "layer", alt=ALT["layer"])
    st.markdown(
        f"A random layer of {states.shape[1]} units, one column of colour a depth. After "
        f"**{found['layer.nfe']} applications** nothing changes by more than 0.1 %: all deeper layers are the same. "
        "That state is the equilibrium."
    )

with third, card("3. Or let it flow", "fixed_points", "Follow the flow", {"explore": "As an ODE"}):
    settled = found["flow.converged"]
    charts.show(flow_picture(found["flow.paths"], found["flow.steady"]), "flow", alt=ALT["flow"])
    st.markdown(
        "Repeating this layer goes round in circles. The differential equation dz/dt = f(z) − z comes to rest from "
        f"**{settled.sum()} of {len(settled)} starts**: depth becomes time, the answer is its steady state."
    )

fourth, fifth = st.columns([1, 2])
with fourth, card("4. Let it learn y = 2x", "toy", "Train it yourself"):
    x, answered = found["toy.x"], found["toy.prediction"]
    line = prediction_line(x, answered, found["toy.converged"], 2.0, LEARNT, height=220)
    charts.show(line, "toy", alt=ALT["toy"])
    st.markdown(
        "Sixteen weights, trained at the point where the layer comes to rest, on x = 1 to 10. At x = −5, which it "
        f"has never seen, it comes to rest at **{answered[x == -5][0]:.2f}**.".replace("-", "−")
    )

with fifth, card("5. Let it read a digit", "predict", "Show it your own digit", {"predict_way": "Draw"}):
    picture, opinion = st.columns([1, 2], vertical_alignment="center")
    with picture:
        charts.show(digit_picture(found["digit.image"], height=220), "digit", alt=ALT["digit"])
    with opinion:
        paths = probability_paths(found["digit.nfe"], found["digit.paths"], height=220)
        charts.show(paths, "opinion", alt=ALT["opinion"])
    st.markdown(reading_line(found))
with st.container(horizontal=True):
    copy_link()
    charts.download_pictures()
