"""Lesson: ten questions for a class, each with the picture that answers it."""

from html import escape

import streamlit as st

from pages.ui.lesson.questions import QUESTIONS
from pages.ui.lesson.screen import on_paper, screen_buttons
from pages.ui.server.guard import require_app
from pages.ui.widgets.links import copy_link, link_to_picture
from pages.ui.widgets.text import unbroken

require_app()

CHOSEN, ANSWERS = "question", "answers"  # in the link
OPEN = "Open the picture"
NUMBERS = list(range(1, len(QUESTIONS) + 1))


def ask_all(answers: bool) -> None:
    """All questions, below one another."""
    for number, question in zip(NUMBERS, QUESTIONS, strict=True):
        with st.container(border=True, key=f"lesson_question_{number}"):
            st.subheader(f"{number}. {question.ask}", anchor=False)
            st.markdown(unbroken(question.look))
            link_to_picture(OPEN, question.page, question.query)
            with st.expander("Answer", expanded=answers):
                st.markdown(unbroken(question.answer))


def ask_one(number: int, answers: bool) -> None:
    """One question in large letters, for a projector."""
    question = QUESTIONS[number - 1]
    st.title(f"{number}. {question.ask}", anchor=False)
    large(question.look)
    link_to_picture(OPEN, question.page, question.query)
    with st.expander("Answer", expanded=answers):
        large(question.answer)
    with st.container(horizontal=True):
        for label, other in (("Previous question", number - 1), ("Next question", number + 1)):
            st.button(label, on_click=choose, args=(other,), disabled=other not in NUMBERS)


def large(text: str) -> None:
    """A paragraph that the last row can read."""
    st.html(f'<p style="font-size: 1.6rem; line-height: 1.4">{escape(unbroken(text))}</p>')


def choose(number: int) -> None:
    st.session_state[CHOSEN] = number


heading = st.container()
with st.container(key="lesson_controls"):
    number = st.pills("One question, in large letters", NUMBERS, key=CHOSEN, bind="query-params")
    with st.container(horizontal=True, vertical_alignment="center"):
        answers = st.toggle("Show the answers", key=ANSWERS, bind="query-params")
        screen_buttons()
if number is None:
    with heading:
        st.title("What can a class find out in an hour?", anchor=False)
        st.markdown(
            "Ten questions, from the cos key of a calculator to a network that thinks longer. Guess first, open the "
            "picture and try, and only then look at the answer."
        )
    ask_all(answers)
else:
    ask_one(number, answers)
copy_link()
on_paper()
