"""Home: from cos x to a network that reads digits in six steps, each actually solved."""

import numpy as np
import streamlit as st

from deq.plots.front_page import cosine_picture, flow_picture, layer_picture
from deq.plots.parting import parting_states
from deq.plots.prediction import digit_picture, probability_paths
from deq.plots.toy import prediction_line
from pages.ui.home.story import ALT, parting_line, reading_line, story
from pages.ui.server.guard import require_app
from pages.ui.widgets import charts
from pages.ui.widgets.cards import card
from pages.ui.widgets.links import copy_link

require_app()

TRAINED_ON = (1.0, 10.0)  # range of x that the toy was trained on


@st.fragment
def press_cosine() -> None:
    start = st.slider("Start, in radians", -1.0, 2.0, 1.8, 0.1, key="start", bind="query-params")
    place = int(np.abs(found["cosine.starts"] - start).argmin())
    charts.show(cosine_picture(found["cosine.orbit"][place]), "cosine", alt=ALT["cosine"])
    st.markdown(
        f"Every start ends at **{found['cosine.z'][place]:.6f}**, this one after {found['cosine.nfe'][place]} "
        "presses. It is the only number with cos x = x, the fixed point of cos."
    )


st.title("What if a network repeated one layer forever?", anchor=False)
st.markdown(
    "A deep equilibrium model has a single layer f. Its output is the state that this layer does not change, "
    "$z^* = f(z^*, x)$. Six steps lead there, starting with the cos key of a calculator."
)
found = story()
first, second, third = st.columns(3)
with first, card("1. Press cos again and again", "fixed_points", "Try other maps"):
    press_cosine()

with (
    second,
    card("2. Repeat a layer forever", "fixed_points", "See what makes it settle", {"explore": "A network"}),
):
    states = found["layer.states"]
    charts.show(layer_picture(states), "layer", alt=ALT["layer"])
    st.markdown(
        f"A random layer of {states.shape[1]} units; each column is one depth. After "
        f"**{found['layer.nfe']} applications** the state changes by less than 0.1 % per layer. "
        "That state is the equilibrium."
    )

with third, card("3. Or follow the flow", "fixed_points", "Follow the flow", {"explore": "As an ODE"}):
    converged = found["flow.converged"]
    charts.show(flow_picture(found["flow.paths"], found["flow.steady"]), "flow", alt=ALT["flow"])
    st.markdown(
        "Iterating this layer never settles. The differential equation dz/dt = f(z) − z does, from "
        f"**{converged.sum()} of {len(converged)} starts**: depth becomes time, and the output is the steady state."
    )

fourth, fifth = st.columns([1, 2])
with fourth, card("4. Learn y = 2x", "toy", "Train it yourself"):
    x, predicted = found["toy.x"], found["toy.prediction"]
    line = prediction_line(x, predicted, found["toy.converged"], 2.0, TRAINED_ON, height=220)
    charts.show(line, "toy", alt=ALT["toy"])
    st.markdown(
        "Sixteen weights, trained through the equilibrium on x = 1 to 10. At x = −5, outside that range, the "
        f"prediction is **{predicted[x == -5][0]:.2f}**.".replace("-", "−")
    )

with fifth, card("5. Read a digit", "predict", "Try your own digit", {"predict_way": "Draw"}):
    picture, opinion = st.columns([1, 2], vertical_alignment="center")
    with picture:
        charts.show(digit_picture(found["digit.image"], height=220), "digit", alt=ALT["digit"])
    with opinion:
        paths = probability_paths(found["digit.nfe"], found["digit.paths"], height=220)
        charts.show(paths, "opinion", alt=ALT["opinion"])
    st.markdown(reading_line(found))
with card("6. Watch the digits separate", "predict", "Follow other models", {"predict_how": "Many digits"}):
    explained = tuple(found["parting.explained"].tolist())
    parts = parting_states(
        found["parting.depth"], found["parting.places"], found["parting.labels"], explained, height=420
    )
    charts.show(parts, "parting", alt=ALT["parting"])
    st.markdown(parting_line(found))
with st.container(horizontal=True):
    copy_link()
    charts.download_pictures()
