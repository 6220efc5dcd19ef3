"""The front page's arrays and words."""

from dataclasses import fields

import numpy as np
import streamlit as st

from deq.plots.prediction import percent
from pages.ui.readers.answer import Answer
from pages.ui.server.disk import ROOT, Arrays, kept

STARTS = np.round(np.arange(-1.0, 2.05, 0.1), 1)  # radians; where the slider can stand

ALT = {  # what each picture shows, for those who do not see it
    "cosine": "The staircase between cos x and the diagonal, ending where they meet.",
    "layer": "The units of a random layer, a column a depth: after some depth the columns are the same.",
    "flow": "Twelve paths from a circle, spiralling to one point.",
    "toy": "The answers of the toy on the line y = 2x, beyond what it was trained on too.",
    "digit": "A handwritten digit of 28 × 28 pixels, white on black.",
    "opinion": "The probability of each digit after every evaluation.",
}


@st.cache_resource(show_spinner="Solving five small problems, once on this machine")
def story() -> Arrays:
    """The story's arrays, solved on the first visit to a machine, read from its disk after every later start."""
    code = [
        *ROOT.glob("deq/**/*.py"),
        *ROOT.glob("deq/models/pretrained/*/*"),
        *ROOT.glob("pages/ui/**/*.py"),
    ]
    return kept("story", code, _solve)


def _solve() -> Arrays:
    from pages.ui.home.solve import solve_story  # brings JAX, seconds that a warm start need not spend

    return solve_story(STARTS)


def digit_answer() -> Answer:
    """How the network settles on the story's digit."""
    found = story()
    return Answer(**{field.name: _plain(found[f"digit.{field.name}"]) for field in fields(Answer)})


def _plain(value: np.ndarray):
    return value if value.ndim else value.item()


def reading_line(answer: Answer, accuracy: float) -> str:
    """What the network settles on, what it thought of on the way, and how far it can be trusted, as Markdown."""
    likely = percent(answer.probabilities.max())
    if not answer.converged:
        return f"It does not come to rest within {answer.evaluations} evaluations, so it has no answer."
    on_the_way = [k for k in dict.fromkeys(answer.paths[1:].argmax(1).tolist()) if k != answer.label]
    thought = f" It thought of {' and '.join(map(str, on_the_way))} on the way." if on_the_way else ""
    return (
        f"It settles on **{answer.label}** ({likely}) after {answer.evaluations} evaluations of one layer.{thought} "
        f"Of MNIST's 10,000 test digits it reads {percent(accuracy)} rightly."
    )
