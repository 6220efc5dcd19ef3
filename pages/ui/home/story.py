"""The front page's arrays and words."""

from pathlib import Path

import numpy as np
import streamlit as st

from deq.plots.prediction import percent

FILE = Path(__file__).with_name("front_page.npz")

ALT = {  # what each picture shows, for those who do not see it
    "cosine": "The staircase between cos x and the diagonal, ending where they meet.",
    "layer": "The units of a random layer, a column a depth: after some depth the columns are the same.",
    "flow": "Twelve paths from a circle, spiralling to one point.",
    "toy": "The answers of the toy on the line y = 2x, beyond what it was trained on too.",
    "digit": "A handwritten digit of 28 × 28 pixels, white on black.",
    "opinion": "The probability of each digit after every evaluation.",
}


@st.cache_resource(show_spinner=False)
def story() -> dict[str, np.ndarray]:
    """The arrays by step and name, as `pages.ui.home.record` solved them: no reader waits for JAX."""
    with np.load(FILE, allow_pickle=False) as arrays:
        return dict(arrays)


def reading_line(found: dict[str, np.ndarray]) -> str:
    """What the network settles on, what it favoured on the way, and how far it can be trusted, as Markdown."""
    probabilities, evaluations = found["digit.probabilities"], int(found["digit.evaluations"])
    if not found["digit.converged"]:
        return f"It does not settle within {evaluations} evaluations, so it has no answer."
    label = int(probabilities.argmax())
    favoured = [k for k in dict.fromkeys(found["digit.paths"][1:].argmax(1).tolist()) if k != label]
    on_the_way = f" On the way it favoured {' and '.join(map(str, favoured))}." if favoured else ""
    return (
        f"It settles on **{label}** ({percent(probabilities.max())}) after {evaluations} evaluations of one layer."
        f"{on_the_way} Of MNIST's 10,000 test digits it reads {percent(float(found['digit.accuracy']))} correctly."
    )
