"""Predict: a picture of a digit goes in, and the network settles on what it is."""

import numpy as np
import streamlit as st

from deq.images import PictureError
from deq.plots.prediction import digit_picture, probability_bars
from pages.ui.predict.batch import choose_picture
from pages.ui.predict.case import Case
from pages.ui.predict.controls import model_controls, picture_controls, read_upload
from pages.ui.predict.how import draw_how
from pages.ui.predict.ways import choose_way
from pages.ui.predict.whole import draw_whole
from pages.ui.predict.why import draw_why
from pages.ui.predict.words import bars_caption, choose_digit, headline, show_stages, snippet, verdict
from pages.ui.readers.reader import answers
from pages.ui.server.guard import require_app
from pages.ui.server.memory import tidied
from pages.ui.widgets.charts import download_pictures, show
from pages.ui.widgets.code import show_code
from pages.ui.widgets.links import copy_link

require_app()

VIEWS = {"How it got there": draw_how, "Why this answer": draw_why, "The whole test set": draw_whole}


@st.fragment
def look_into(case: Case) -> None:
    """The views, of which only the open one is computed; they do not ask the answer above to be drawn again."""
    tabs = st.tabs(list(VIEWS), key="predict_view", bind="query-params")
    for tab, draw in zip(tabs, VIEWS.values(), strict=True):
        if tab.open:
            with tidied(), tab:
                draw(case)
    copy_link()


st.title("Which digit does the network settle on?", anchor=False)
st.markdown(
    "One layer is applied to the picture again and again until its state no longer moves: $z^* = f(z^*, x)$. "
    "The answer is read off that equilibrium. Draw one, upload photos, scans or drawings, or take a test digit."
)
asking, answering = st.columns([1, 2], gap="large")
with asking:
    ways, settings = st.container(), st.expander("More settings", icon=":material/tune:")
with settings:
    chosen, solver_name, solver = model_controls()
with ways:
    given = choose_way(chosen)
with settings:
    how = picture_controls(disabled=not given.files)

if given.digit is not None:
    images, truth, ink = given.digit[None], given.truth, None
elif not given.files:
    answering.info("The answer appears here.", icon=":material/edit:")
    st.stop()
else:
    try:
        with st.container():
            data = choose_picture(given.files, chosen, solver, how)
        picture, ink, digits = read_upload(data, *how)
    except PictureError as error:
        answering.error(str(error), icon=":material/image_not_supported:")
        st.stop()
    images, truth = np.stack([digit.image for digit in digits]), None

found = answers(images, chosen, solver)
with answering:
    headline(found, truth)
    answer = found[choose_digit(found)]
    seen, said = st.columns([1, 1.5], gap="medium")
    with seen:
        show(digit_picture(answer.image), key="seen", caption="The 28 × 28 pixels that the model sees.")
    with said:
        show(probability_bars(answer.probabilities, answer.converged), "bars", bars_caption(answer, chosen))
    st.markdown(verdict(answer, float(solver.tol)))

look_into(Case(answer, truth, chosen, solver_name, solver))
if ink is not None:
    show_stages(picture, ink, digits)
show_code(snippet(chosen, solver))
download_pictures()
