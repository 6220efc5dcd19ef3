"""The eight steps of the front page: a picture, its numbers, and a link that opens the same picture."""

import numpy as np
import streamlit as st

from deq.plots.front_page import cosine_picture, maze_picture, plane_picture
from deq.plots.parting import parting_states
from deq.plots.prediction import digit_picture, probability_paths
from deq.plots.toy import prediction_line
from pages.ui.home.story import (
    ALT,
    COSINE_START,
    cosine_query,
    drawing_query,
    parting_line,
    plane_query,
    reading_line,
    story,
    thinking_line,
)
from pages.ui.widgets.cards import card
from pages.ui.widgets.charts import show
from pages.ui.widgets.text import signed, unbroken

TRAINED_ON = (1.0, 10.0)  # range of x that the toy was trained on


@st.fragment
def press_cosine() -> None:
    found, link = story(), cosine_query()
    with card("1. Press cos again and again", "fixed_points", "Drag the start", link):
        start = st.slider("Start, in radians", -1.0, 2.0, 1.8, 0.1, key="start", bind="query-params")
        link[COSINE_START] = f"{start:g}"
        place = int(np.abs(found["cosine.starts"] - start).argmin())
        show(cosine_picture(found["cosine.orbit"][place]), "cosine", alt=ALT["cosine"])
        st.markdown(
            f"Every start ends at **{found['cosine.z'][place]:.6f}**, this one after {found['cosine.nfe'][place]} "
            f"presses. It is the fixed point of cos, the only number with {unbroken('cos x = x')}."
        )


def repeat_layer() -> None:
    found = story()
    link = plane_query(found["layer.cell"], found["layer.paths"][0])
    with card("2. Repeat a layer forever", "fixed_points", "See what makes it settle", link):
        figure = plane_picture(found["layer.paths"], found["layer.steady"], "Picard")
        show(figure, "layer", alt=ALT["layer"])
        st.markdown(
            "This layer, z → tanh(W z + x), has two units. From every start it settles on the same state, after "
            f"at most **{found['layer.nfe'].max()} applications**. That state is its equilibrium."
        )


def follow_flow() -> None:
    found = story()
    link = plane_query(found["flow.cell"], found["flow.paths"][0])
    with card("3. Or follow the flow", "fixed_points", "See why only the flow settles", link):
        figure = plane_picture(found["flow.paths"], found["flow.steady"], "ODE flow")
        show(figure, "flow", alt=ALT["flow"])
        converged = found["flow.converged"]
        st.markdown(
            "With other weights, the repeated layer never settles. The differential equation dz/dt = f(z) − z "
            f"does, from **{converged.sum()} of {len(converged)} starts**: depth becomes time, and the output is "
            "the steady state."
        )


def learn_line() -> None:
    found = story()
    with card("4. Learn y = 2x", "toy", "Train it yourself", {}):
        x, predicted = found["toy.x"], found["toy.prediction"]
        line = prediction_line(x, predicted, found["toy.converged"], 2.0, TRAINED_ON, height=220)
        show(line, "toy", alt=ALT["toy"])
        outside = signed(predicted[x == -5][0], 2)
        st.markdown(
            unbroken(
                "Sixteen weights are trained through the equilibrium on x = 1 to 10. At x = −5, outside that range, "
                f"they predict **{outside}**."
            )
        )


def read_clear_digit() -> None:
    found = story()
    with card("5. Read a digit", "predict", "Change the 7", drawing_query("clear")):
        show(digit_picture(found["clear.image"], height=220), "clear-digit", alt=ALT["clear"])
        st.markdown(unbroken(reading_line(found, "clear")))


def read_hard_digit() -> None:
    found = story()
    with card("6. Change its mind", "predict", "Make it a clear 4", drawing_query("hard")):
        picture, opinion = st.columns([1, 1.6], vertical_alignment="center")
        with picture:
            show(digit_picture(found["hard.image"], height=220), "hard-digit", alt=ALT["hard"])
        with opinion:
            paths = probability_paths(found["hard.nfe"], found["hard.paths"], height=220)
            show(paths, "probabilities", alt=ALT["opinion"])
        st.markdown(unbroken(f"Is it a 4 or a 9? {reading_line(found, 'hard')}"))


def watch_digits() -> None:
    found = story()
    with card(
        "7. Watch the digits separate", "predict", "Follow other models", {"predict_how": "Many digits"}
    ):
        explained = tuple(found["parting.explained"].tolist())
        names = ("depth", "places", "labels", "correct")
        depth, places, labels, correct = (found[f"parting.{name}"] for name in names)
        figure = parting_states(depth, places, labels, correct, explained, height=420)
        show(figure, "separating-digits", alt=ALT["parting"])
        st.markdown(unbroken(parting_line(found)))


def think_longer() -> None:
    found = story()
    link = {"rooms": str(found["maze.rooms"])}
    with card("8. Think longer", "think", "Watch it think, and change the maze", link):
        moments = zip(found["maze.calls"], found["maze.plans"], st.columns(3), strict=True)
        for calls, plan, column in moments:
            with column:
                seen = f"After {calls} evaluations"
                figure = maze_picture(plan, found["maze.ends"])
                show(figure, f"maze-{calls}", seen, f"{ALT['maze']} {seen}.")
        st.markdown(unbroken(thinking_line(found)))
