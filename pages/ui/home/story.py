"""The front page's arrays and texts."""

from pathlib import Path

import numpy as np
import streamlit as st

from deq.plots.prediction import percent

FILE = Path(__file__).with_name("front_page.npz")

ALT = {  # picture -> text for screen readers
    "cosine": "The staircase between cos x and the diagonal, ending where they meet.",
    "layer": "The units of a random layer, one column per depth: beyond some depth all columns are equal.",
    "flow": "Twelve paths from a circle, spiralling into one point.",
    "toy": "The predictions of the toy on the line y = 2x, inside and outside its training range.",
    "digit": "A handwritten digit of 28 × 28 pixels, white on black.",
    "parting": "The states of several hundred digits in a plane: one cloud that separates into ten clusters.",
    "opinion": "The probability of each digit after every evaluation.",
}


@st.cache_resource(show_spinner=False)
def story() -> dict[str, np.ndarray]:
    """Arrays that `pages.ui.home.record` solved in advance, so that this page does not wait for JAX."""
    with np.load(FILE, allow_pickle=False) as arrays:
        return dict(arrays)


def reading_line(found: dict[str, np.ndarray]) -> str:
    """The prediction, which digits were favoured on the way, and the model's accuracy, as Markdown."""
    probabilities, evaluations = found["digit.probabilities"], int(found["digit.evaluations"])
    if not found["digit.converged"]:
        return f"The solve did not converge within {evaluations} evaluations, so there is no answer."
    label = int(probabilities.argmax())
    favoured = [k for k in dict.fromkeys(found["digit.paths"][1:].argmax(1).tolist()) if k != label]
    on_the_way = f" On the way it favoured {' and '.join(map(str, favoured))}." if favoured else ""
    return (
        f"The network settles on **{label}** ({percent(probabilities.max())}) after {evaluations} evaluations of its "
        f"layer.{on_the_way} It reads {percent(float(found['digit.accuracy']))} of MNIST's test digits correctly."
    )


def parting_line(found: dict[str, np.ndarray]) -> str:
    """How the answers improve with depth, as Markdown."""
    depth, right = found["parting.depth"], found["parting.right"]
    first, second, last = (percent(float(share)) for share in (*right[:2], right[-1]))
    return (
        f"Each numeral is the state of one of {len(found['parting.labels'])} digits, all starting at the same point: "
        f"press Reset, then Play. After {depth[0]:.0f} evaluation {first} are read correctly, after {depth[1]:.0f} "
        f"{second}, at the equilibrium **{last}**."
    )
