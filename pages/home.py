"""Home: the story in five living pictures, each solved as the page opens."""

import jax.numpy as jnp
import streamlit as st

from deq import story
from deq.checkpoints import load_pretrained
from deq.data import load_dataset
from deq.plots.prediction import digit_picture, probability_paths
from deq.plots.story import cosine_picture, flow_picture, layer_picture
from deq.plots.toy import prediction_line
from deq.toy import TRAINED_ON, ToyStudy, study_toy
from pages.ui import charts
from pages.ui.cards import card
from pages.ui.guard import require_app
from pages.ui.home import reading_line
from pages.ui.predict_answer import Answer, answers

require_app()

STARTS = 12
DIGIT = 47  # of the test set that ships: a 9 about which the network changes its mind


@st.cache_data(show_spinner=False)
def trained_toy() -> ToyStudy:
    return study_toy(load_pretrained("toy").model)


@st.cache_data(show_spinner=False)
def read_digit() -> tuple[Answer, float | None]:
    """How the network settles on one digit, and the fraction of its test set that it reads rightly."""
    shipped = load_pretrained("mlp")
    image = load_dataset("digits").test_images[DIGIT, ..., 0]
    return answers(image[None], shipped, shipped.solver)[0], shipped.card.accuracy


@st.fragment
def press_cosine() -> None:
    start = st.slider("Start, in radians", -1.0, 2.0, 1.8, 0.1, key="start", bind="query-params")
    found = story.settle_cosine(jnp.float32(start))
    charts.show(cosine_picture(found.trace.z[0, :, 0]), key="cosine")
    st.markdown(
        f"From here or anywhere else you end at **{found.z[0, 0]:.6f}**, this time after {found.nfe[0]} presses. "
        "It is the one number with cos x = x: a fixed point."
    )


st.title("What if one layer were applied for ever?", anchor=False)
st.markdown(
    "A deep equilibrium model has a single layer f. Its answer is the state that this layer leaves as it is, "
    "z\\* = f(z\\*, x), however it is found. Five steps lead there from the cos key of a calculator."
)
first, second, third = st.columns(3)
with first, card("1. Press cos again and again", "fixed_points", "Try other maps"):
    press_cosine()

with (
    second,
    card("2. Apply a layer for ever", "fixed_points", "See what makes it settle", {"explore": "A network"}),
):
    layer = story.settle_layer(*story.random_layer(seed=1))
    charts.show(layer_picture(layer.trace.z[0]), key="layer")
    st.markdown(
        f"A random layer of {story.UNITS} units, one column of colour a depth. After **{layer.nfe[0]} applications** "
        "nothing changes by more than 0.1 %: all deeper layers are the same. That state is the equilibrium."
    )

with third, card("3. Or let it flow", "fixed_points", "Follow the flow", {"explore": "As an ODE"}):
    flow = story.settle_flow(jnp.asarray(story.ring(STARTS)))
    charts.show(flow_picture(flow.trace.z, flow.z.mean(axis=0)), key="flow")
    st.markdown(
        "Repeating this layer goes round in circles. The differential equation dz/dt = f(z) − z comes to rest from "
        f"**{flow.converged.sum()} of {STARTS} starts**: depth becomes time, the answer is its steady state."
    )

fourth, fifth = st.columns([1, 2])
with fourth, card("4. Let it learn y = 2x", "toy", "Train it yourself"):
    toy = trained_toy()
    bounds = (float(TRAINED_ON[0]), float(TRAINED_ON[-1]))
    charts.show(prediction_line(toy.x, toy.prediction, toy.converged, 2.0, bounds, height=220), key="toy")
    st.markdown(
        "Sixteen weights, trained at the point where the layer comes to rest, on x = 1 to 10. At x = −5, which it "
        f"has never seen, it comes to rest at **{toy.at(-5):.2f}**.".replace("-", "−")
    )

with fifth, card("5. Let it read a digit", "predict", "Show it your own digit"):
    answer, accuracy = read_digit()
    picture, opinion = st.columns([1, 2], vertical_alignment="center")
    with picture:
        charts.show(digit_picture(answer.image, height=220), key="digit")
    with opinion:
        charts.show(probability_paths(answer.nfe, answer.paths, height=220), key="opinion")
    st.markdown(reading_line(answer, accuracy))
