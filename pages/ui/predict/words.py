"""Texts of the Predict page about an answer."""

import base64
import io
from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

from deq.analysis.answers import Answer, Followed
from deq.images.card import share_card
from deq.images.pixels import enlarged
from deq.plots.prediction import MOST_BARS, percent
from deq.plots.style import scientific
from deq.solvers import Solver
from pages.ui.predict.readings import Reading
from pages.ui.readers.model import ModelInUse
from pages.ui.widgets.charts import offer
from pages.ui.widgets.code import imports_of
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.links import current_link
from pages.ui.widgets.text import counted, is_hidden, plain, rough, short, unbroken

MAX_SHOWN = 12
SEEN = (  # three screen pixels each, so that they stay square
    '<img src="data:image/png;base64,{}" width="84" height="84" style="image-rendering: pixelated; display: block" '
    'alt="The 28 × 28 pixels that the model sees">'
)
KEPT_WHOLE = "The picture is kept whole, ink and paper as they are: it must look like the training pictures."
IN_LINK = (
    "Your drawing is in this page's address, and so in your browser's history; the server never stores it."
)
SNIPPET = """
{imports}
from deq.images import {reader}, read_picture
from deq.models.inference import infer
{model}

images = {reader}(read_picture(open("{file}.png", "rb").read()))[..., None]  # (n, 28, 28, 1) uint8
found = infer(model, images, {solver})
print(found.labels, found.probabilities, found.nfe, found.residual, found.converged)
"""


def snippet(chosen: ModelInUse, solver: Solver) -> str:
    """Code that reproduces the answers on the page; a model of this session is read from downloaded weights."""
    reader, file = ("keep_plain", "picture") if chosen.reader == "plain" else ("find_digits", "digit")
    return SNIPPET.format(
        imports=imports_of([solver]), model=chosen.code, solver=solver, reader=reader, file=file
    )


def introduce(chosen: ModelInUse) -> None:
    """The page's question, and how it is answered."""
    kind = "digit" if chosen.reads_digits else "class"
    ways = ", draw a digit, or pick one from the test set" if chosen.reads_digits else " or draw one"
    st.title(f"Which {kind} does the network settle on?", anchor=False)
    st.markdown(
        f"One layer is applied until its state stops changing: ${{z^* = f(z^*, x)}}$. Upload a picture{ways}."
    )


def headline(found: list[Answer], truth: int | None, chosen: ModelInUse) -> Answer:
    """The picture, the prediction and the model that made it, with the true label if known; the answer in detail."""
    labels = " ".join(plain(chosen.names[a.label]) if a.converged else "?" for a in found)
    with st.container(horizontal=True, gap="medium"):
        seen = st.container(width="content")
        none = not any(a.converged for a in found)
        st.metric("Prediction", "not converged" if none else labels, width="content")
        if truth is not None:
            st.metric("True label", truth, width="content")
        if len(found) == 1:
            st.metric("Evaluations", found[0].evaluations, help=tip("NFE"), width="content")
        else:
            st.metric("Digits found", len(found), width="content")
        st.metric("Model", plain(short(chosen.name)), width="content")
    answer = found[choose_digit(found, chosen.names)]
    seen.html(SEEN.format(png_of(answer.image)))
    offer("pixels", lambda: pixels_of(answer.image))
    return answer


def png_of(image: np.ndarray) -> str:
    """A picture (rows, columns) uint8 as base64 of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def pixels_of(image: np.ndarray) -> dict[str, np.ndarray]:
    """For the download: what the model sees, (rows, columns) in 0..255."""
    row, column = np.indices(image.shape)
    return {"row": row.ravel(), "column": column.ravel(), "ink": image.ravel()}


def choose_digit(found: list[Answer], names: Sequence[str]) -> int:
    """Which of several digits to show in detail; 0 if there is only one."""
    if len(found) == 1:
        return 0
    return st.segmented_control(
        "Show",
        range(len(found)),
        default=0,
        required=True,
        format_func=lambda i: (
            f"{i + 1}: {plain(names[found[i].label])}" if found[i].converged else f"{i + 1}: ?"
        ),
        key=f"digit_of_{len(found)}",
    )


def verdict_sentence(answer: Answer, tol: float, names: Sequence[str]) -> str:
    """Whether the solve converged, in numbers. names: of the classes."""
    name = plain(names[answer.label])
    if not answer.converged:
        residual = scientific(answer.final_residual, 1)
        return (
            f":red[**Not converged.**] After {counted(answer.evaluations, 'evaluation')} the smallest relative "
            f"residual was {residual}, above the tolerance {scientific(tol)}. This is not an equilibrium, so there is "
            f"no answer; the state with the smallest residual would give {name}. Try another solver under More "
            "settings."
        )
    confidence = percent(float(answer.probabilities[answer.label]))
    since = "from the start" if answer.locked <= answer.nfe[0] else f"since evaluation {answer.locked}"
    return unbroken(
        f"Converged on **{name}** ({confidence}) in {counted(answer.evaluations, 'evaluation')}; one more would change "
        f"the state by {rough(100 * answer.final_residual)} %{distance(answer)}. The answer is unchanged {since}."
    )


def warm_sentence(followed: Followed | None, names: Sequence[str]) -> str:
    """What the start from the last equilibrium saved or cost, measured; empty where there was none."""
    if followed is None or followed.warm is None:
        return ""
    own, warm = followed.own, followed.warm
    if followed.agree:
        return f"Started from the last equilibrium: {_gain(warm.evaluations, own.evaluations)}."
    took = counted(warm.evaluations, "evaluation")
    if not warm.converged:
        return (
            f"From the last equilibrium the solve does not converge in {took}, so the answer shown is from the "
            "model's own start."
        )
    return (
        f"From the last equilibrium the solve ends at {plain(names[warm.label])} in {took}; the page shows the solve "
        "from the model's own start, the one that a link reproduces."
    )


def _gain(warm: int, own: int) -> str:
    """For example: 14 evaluations instead of 22."""
    if warm < own:
        return f"**{counted(warm, 'evaluation')} instead of {own}** from the model's own start"
    if warm > own:
        return f"**{warm} evaluations, more than the {own}** from the model's own start"
    return f"{counted(warm, 'evaluation')}, as many as from the model's own start"


def distance(answer: Answer) -> str:
    """How far the equilibrium is, and whether the residual hides it; empty where that is unknown."""
    if not np.isfinite(answer.error):
        return ""
    away = f"the equilibrium is about {rough(100 * answer.error)} % away"
    if is_hidden(answer.error, answer.final_residual):
        return f", but {away}, **far more than that**, because it is approached slowly"
    return f", and {away}"


def bars_caption(answer: Answer, chosen: ModelInUse) -> str:
    """What the bars show, and their calibration error if it was measured."""
    if not answer.converged:
        return "Probabilities at the state with the smallest residual, which is not an equilibrium: not an answer."
    error = chosen.calibration_error
    if error is None:
        most = f" The {MOST_BARS} most probable." if len(chosen.names) > MOST_BARS else ""
        return f"The probability of each {'digit' if chosen.reads_digits else 'class'}.{most}"
    return f"The probability of each digit. Expected calibration error on the test set: {100 * error:.2g} %."


def show_stages(reading: Reading, *, in_link: bool) -> None:
    """The steps from the picture to 28 × 28 pixels, in a row that wraps on a phone."""
    with st.expander("From your picture to 28 × 28", icon=":material/photo_filter:"):
        with st.container(horizontal=True):
            for caption, stage in reading.stages.items():
                st.image(stage, caption, width=150)
            for digit in reading.digits[:MAX_SHOWN]:
                last = "Cut out and centred" if reading.polarity else "Grey, on a square, scaled down"
                st.image(enlarged(digit, 6), last, width=150)
        how = f"Read as {reading.polarity} ink." if reading.polarity else KEPT_WHOLE
        kept = (
            IN_LINK
            if in_link
            else "Your picture stays in this session's memory and is never written to disk."
        )
        st.caption(f"{how} {kept}")


def offer_card(answer: Answer, chosen: ModelInUse, own: bool) -> None:
    """A button that saves the answer as a picture to share, with its link inside. own: drawn or uploaded."""
    link = current_link()
    st.download_button(
        "Save as a card",
        lambda: share_card(
            answer.image, *card_words(answer, chosen, own), answer.paths[:, answer.label], link
        ),
        file_name="settled.png",
        mime="image/png",
        icon=":material/share:",
        on_click="ignore",
        help="One picture to share: the digit, its answer, and how it formed.",
    )


def card_words(answer: Answer, chosen: ModelInUse, own: bool) -> tuple[str, str]:
    """Title and subtitle of the card."""
    name = chosen.names[answer.label]
    what = f"{'My' if own else 'This'} {name if name.isascii() and answer.converged else 'picture'}"
    settled = "settled in" if answer.converged else "did not settle in"
    sure = f"{percent(answer.confidence)} sure; the curve is its probability"
    return (
        f"{what} {settled} {counted(answer.evaluations, 'evaluation')}",
        sure if answer.converged else "no equilibrium, so no answer",
    )
