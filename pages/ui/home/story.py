"""The front page's arrays and texts."""

from pathlib import Path

import numpy as np
import streamlit as st

from deq.plots.prediction import percent

FILE = Path(__file__).with_name("front_page.npz")

DRAWINGS = {  # step -> a drawing, as in a link to Predict
    "clear": (
        "ATS-AaoBCAAMAQgACAEIAAgBCAAIAAgBCAAIAQgACAEIAAoDCgEKAQoBCgMIAAoBCAAMAgYGAAwDCgMIAwoFDAUMBwwFDAcM"
        "BQwFDgUMBQwDDAUOAw4FDgMQBQ4DEAUOAw4DDAMMAQwDCAEI"
    ),
    "hard": (
        "AiakAoYBCQYLCAkGCwYJCAcGCQgFCAUGBxAFEgEIAAoBCAAKAAgCCgQQBgoICgwIDgQKBBAACAIKAAgCEAEKAAgDCgEKAwoBCg"
        "EKBQoDCAMZIb8BAgoADgIOAhACDAAQAhAADgIQAA4BDgAQARABEgESARIBEAEQARIAEAMMAQ4ACAEK"
    ),
}
ALT = {  # picture -> text for screen readers
    "cosine": "The staircase between cos x and the diagonal, ending where they meet.",
    "layer": "Twelve starts on a circle; the steps from each spiral into one point.",
    "flow": "Twelve smooth paths from a circle, spiralling into one point.",
    "toy": "The predictions of the toy on the line y = 2x, inside and outside its training range.",
    "clear": "A drawn 7 of 28 × 28 pixels, white on black.",
    "hard": "A drawn digit between a 4 and a 9, white on black.",
    "parting": "The states of several hundred digits in a plane: a single cloud that separates into ten clusters.",
    "opinion": "The probability of each digit after every evaluation: first 9, then 4.",
    "maze": "A maze from above. The rooms that the answer puts on the path are filled.",
}
COSINE_START = "start_your_own_formula"  # the setting of Fixed points
SOURCES = """
- **The examples.** *Deep Equilibrium Models via Neural ODEs*, a blog post by J. Pascal, October 2022:
  cos x = x, y = 2x, MNIST. Its source is [Composability in Julia: Implementing Deep Equilibrium Models via Neural
  ODEs](https://julialang.org/blog/2021/10/DEQ/) by Q. Wei, F. Schäfer, A. Pal and C. Rackauckas, with code in Julia,
  October 2021.
- **The idea.** [Deep Equilibrium Models](https://arxiv.org/abs/1909.01377), S. Bai, J. Z. Kolter and V. Koltun, 2019.
- **An equilibrium that cannot be lost.** [Monotone operator equilibrium networks](https://arxiv.org/abs/2006.08591),
  E. Winston and J. Z. Kolter, 2020.
- **Depth as time.** [Neural ordinary differential equations](https://arxiv.org/abs/1806.07366), R. T. Q. Chen,
  Y. Rubanova, J. Bettencourt and D. Duvenaud, 2018.

To cite this lab, use the file CITATION.cff of its repository, or:
"""
BIBTEX = """@software{deq_lab,
  title = {DEQ lab: an explorable lab for deep equilibrium models},
  author = {{DEQ lab contributors}},
  year = {2026},
}"""


@st.cache_resource(show_spinner=False)
def story() -> dict[str, np.ndarray]:
    """Arrays that `pages.ui.home.record` solved in advance, so that this page does not wait for JAX."""
    with np.load(FILE, allow_pickle=False) as arrays:
        return dict(arrays)


def cosine_query() -> dict[str, str]:
    """The map and the window of the first step on Fixed points; the window of its own cos x is narrower."""
    window = {"window_from": "-1.15", "window_to": "2.15"}
    return {"preset": "your own formula", "formula": "a*cos(x)", "a": "1"} | window


def plane_query(cell: np.ndarray, path: np.ndarray) -> dict[str, str]:
    """The settings of a planar layer, and of the start of a path, on Fixed points."""
    names = ("w_radius", "w_angle", "x1", "x2", "z1_start", "z2_start")
    values = (f"{value:.4g}" for value in (*cell, *path[0]))
    return {"explore": "Two numbers"} | dict(zip(names, values, strict=True))


def drawing_query(step: str) -> dict[str, str]:
    """The drawing of a step on Predict."""
    return {"predict_way": "Draw", "strokes": DRAWINGS[step]}


def reading_line(found: dict[str, np.ndarray], step: str) -> str:
    """The prediction, which digits were favoured on the way, and the model's accuracy, as Markdown."""
    probabilities, evaluations = found[f"{step}.probabilities"], int(found[f"{step}.evaluations"])
    if not found[f"{step}.converged"]:
        return f"The solve did not converge within {evaluations} evaluations, so there is no answer."
    label = int(probabilities.argmax())
    way = found[f"{step}.paths"][1:].argmax(1)
    favoured = [k for k in dict.fromkeys(way.tolist()) if k != label]
    settled = f"**{label}** ({percent(probabilities.max())}) after {evaluations} evaluations of its layer."
    if favoured:
        times = found[f"{step}.nfe"][1:][way != label].astype(int)
        first, last = times.min(), times.max()
        when = f"At evaluation {first}" if first == last else f"From evaluation {first} to {last}"
        return f"{when} the network says {' and '.join(map(str, favoured))}; then it settles on {settled}"
    right = percent(float(found[f"{step}.accuracy"]))
    return f"The network settles on {settled} It reads {right} of MNIST's test digits correctly."


def thinking_line(found: dict[str, np.ndarray]) -> str:
    """How the answer to the maze forms, as Markdown."""
    calls, wrong = found["maze.calls"], found["maze.wrong"]
    few = ", ".join(f"{bad} after {call}" for call, bad in zip(calls, wrong, strict=True))
    return (
        f"Weights trained on mazes with 9 rooms along a side solve one with {found['maze.rooms']}: the layer repeats "
        f"until nothing changes, here for {found['maze.evaluations']} evaluations. Wrong rooms: {few}."
    )


def parting_line(found: dict[str, np.ndarray]) -> str:
    """How many answers are right at each depth, as Markdown."""
    depth, right = found["parting.depth"], found["parting.correct"].mean(axis=1)
    first, second, last = (percent(float(share)) for share in (*right[:2], right[-1]))
    return (
        f"Each numeral is the state of one of {len(found['parting.labels'])} digits from scikit-learn, not from "
        "MNIST as in training; all start at the same point, and misread ones are **orange**. "
        f"Press Reset, then Play. Read correctly: {first} after {depth[0]:.0f} evaluation, {second} after "
        f"{depth[1]:.0f}, **{last}** after {depth[-1]:.0f}."
    )
