"""What the Predict page says and shows about an answer."""

import numpy as np
import streamlit as st

from deq.analysis.answers import Answer
from deq.plots.prediction import percent
from deq.plots.style import scientific
from deq.solvers import Solver
from pages.ui.predict.readings import Reading
from pages.ui.readers.model import ModelInUse
from pages.ui.widgets.code import imports_of
from pages.ui.widgets.glossary import tip

MAX_SHOWN = 12
SNIPPET = """
{imports}
from deq.images import find_digits, read_picture
from deq.models.inference import infer
{model}

images = find_digits(read_picture(open("digit.png", "rb").read()))[..., None]  # (digits, 28, 28, 1) uint8
found = infer(model, images, {solver})
print(found.labels, found.probabilities, found.nfe, found.residual, found.converged)
"""


def snippet(chosen: ModelInUse, solver: Solver) -> str:
    """Code that gives the answers on the page; a model of this session is read from its downloaded weights."""
    return SNIPPET.format(imports=imports_of([solver]), model=chosen.code, solver=solver)


def headline(found: list[Answer], truth: int | None) -> None:
    """The answer in large, with the true label where it is known."""
    told = " ".join(str(a.label) if a.converged else "?" for a in found)
    with st.container(horizontal=True, gap="large"):
        none = not any(a.converged for a in found)
        st.metric("Prediction", "not converged" if none else told, width="content")
        if truth is not None:
            st.metric("True label", truth, width="content")
        if len(found) == 1:
            st.metric("Evaluations", found[0].evaluations, help=tip("NFE"), width="content")
        else:
            st.metric("Digits found", len(found), width="content")


def choose_digit(found: list[Answer]) -> int:
    """Which of several digits to look into; 0 where there is one."""
    if len(found) == 1:
        return 0
    return st.segmented_control(
        "Look into",
        range(len(found)),
        default=0,
        required=True,
        format_func=lambda i: f"{i + 1}: {found[i].label}" if found[i].converged else f"{i + 1}: ?",
        key=f"digit_of_{len(found)}",
    )


def verdict(answer: Answer, tol: float) -> str:
    """A sentence on what happened, in numbers."""
    if not answer.converged:
        left, tol_told = scientific(answer.final_residual, 1), scientific(tol)
        return (
            f":red[**Not converged.**] After {answer.evaluations} evaluations the relative residual is still {left}, "
            f"above the tolerance {tol_told}. This is no equilibrium, so it is no answer: its last state would say "
            f"{answer.label}. Try another solver under More settings."
        )
    sure = percent(float(answer.probabilities[answer.label]))
    since = "from the start" if answer.locked <= answer.nfe[0] else f"since evaluation {answer.locked}"
    return (
        f"Converged on **{answer.label}** ({sure}) in {answer.evaluations} evaluations: one more would move "
        f"the state by {100 * answer.final_residual:.2g} %. The answer has stood {since}."
    )


def bars_caption(answer: Answer, chosen: ModelInUse) -> str:
    """What the bars are, and how far they can be trusted where that was measured."""
    if not answer.converged:
        return "What the last state would say: no equilibrium, so no answer."
    error = chosen.calibration_error
    if error is None:
        return "How probable each digit is."
    return f"How probable each digit is. Calibrated: over the test set {100 * error:.2g} % off on average."


def show_stages(reading: Reading) -> None:
    """From the picture to 28x28, stage by stage, in a row that wraps on a phone."""
    with st.expander("From your picture to 28 × 28", icon=":material/photo_filter:"):
        with st.container(horizontal=True):
            for caption, stage in reading.stages.items():
                st.image(stage, caption, width=150)
            for digit in reading.digits[:MAX_SHOWN]:
                st.image(np.kron(digit, np.ones((6, 6), np.uint8)), "Cut out and centred", width=150)
        st.caption(
            f"Read as {reading.polarity} ink. Your picture stays in this session's memory and is not stored."
        )
