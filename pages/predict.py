"""Predict: a picture of a digit goes in, and the network settles on an answer."""

from pathlib import Path

import streamlit as st

from deq.analysis.answers import answer_digits
from pages.ui.predict.certificate import draw_certificate
from pages.ui.predict.clock import draw_clock
from pages.ui.predict.controls import model_controls, picture_controls
from pages.ui.predict.how import draw_how
from pages.ui.predict.inputs import STROKES, choose_input
from pages.ui.predict.readings import answer_files
from pages.ui.predict.results import Case
from pages.ui.predict.whole import draw_whole
from pages.ui.predict.why import draw_why
from pages.ui.predict.words import (
    headline,
    introduce,
    offer_card,
    show_stages,
    snippet,
    verdict_sentence,
    warm_sentence,
)
from pages.ui.readers.digit import keep_digit
from pages.ui.server.guard import require_app
from pages.ui.server.memory import freeing_memory
from pages.ui.widgets.charts import download_pictures
from pages.ui.widgets.code import show_code
from pages.ui.widgets.links import copy_link

require_app()

STYLE = Path(__file__).parent / "ui" / "predict" / "answer.css"
VIEWS = {
    "How it got there": draw_how,
    "Why this answer": draw_why,
    "How sure can it be?": draw_certificate,
    "The whole test set": draw_whole,
}


@st.fragment
def draw_views(case: Case) -> None:
    """The views; only the open one is computed, and the answer above is not redrawn."""
    tabs = st.tabs(list(VIEWS), key="predict_view", bind="query-params")
    for tab, draw in zip(tabs, VIEWS.values(), strict=True):
        if tab.open:
            with freeing_memory(), tab:
                draw(case)
    copy_link()


heading, result = st.container(), st.container(key="predict_answer")
st.html(STYLE)
controls, process = st.columns([1, 2], gap="large")
inputs, settings = controls.container(), controls.expander("More settings", icon=":material/tune:")
with settings:
    chosen, solver_name, solver = model_controls(inputs)
with heading:
    introduce(chosen)
with inputs:
    given = choose_input(chosen)
with settings:
    how = picture_controls(chosen, disabled=not given.files)

read, places = None, [result, controls.container(), process]
if given.digit is not None:
    found = answer_digits(chosen.model, given.digit[None], solver)
    places, below = [place.container() for place in places], st.container()
elif not given.files:
    result.info("The answer appears here.", icon=":material/edit:")
    st.stop()
else:
    read = answer_files(given, how, chosen, solver, places)
    found, places, below = read.found, read.places, read.below
    if read.reading.error:
        places[0].error(read.reading.error, icon=":material/image_not_supported:")
        st.stop()

followed = read.followed if read else None
said, words, solve = places
with said:
    answer = headline(found, given.truth, chosen)
verdict = verdict_sentence(answer, float(solver.tol), chosen.names)
words.markdown(f"{verdict} {warm_sentence(followed, chosen.names)}")
with solve:
    draw_clock(Case(answer, given.truth, chosen, solver_name, solver))

with below:  # the views show the way from the model's own start, which a link repeats
    draw_views(Case(followed.own if followed else answer, given.truth, chosen, solver_name, solver))
    if read:
        show_stages(read.reading, in_link=given.drawn and STROKES in st.query_params)
if read and chosen.reads_digits:
    keep_digit(answer.image)
show_code(snippet(chosen, solver))
with st.container(horizontal=True):
    offer_card(followed.own if followed else answer, chosen, own=read is not None)
    download_pictures()
