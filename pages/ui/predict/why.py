"""Why this answer: the pixels it rests on, what it would be if the digit were drawn otherwise, other starts."""

import streamlit as st

from pages.ui.predict.case import Case
from pages.ui.predict.evidence import draw_evidence
from pages.ui.predict.otherwise import draw_otherwise
from pages.ui.predict.starts import draw_starts


def draw_why(case: Case) -> None:
    """The evidence pixel by pixel, the same digit drawn otherwise, other starts."""
    if case.answer.converged:
        draw_evidence(case)
    else:
        st.warning("There is no equilibrium here, so there is none to differentiate. Try another solver.")
    draw_otherwise(case)
    draw_starts(case)
