"""Choosing a test digit: by index, by label, or among those that are hard for the model."""

import numpy as np
import streamlit as st

from deq.data import held_out_digits
from pages.ui.predict.results import results_of
from pages.ui.readers.missing import note_stand_in
from pages.ui.readers.model import ModelInUse

ALL, MISTAKES, SLOWEST = "all", "only mistakes", "most evaluations"
WHICH = [ALL, MISTAKES, SLOWEST, *(f"label {digit}" for digit in range(10))]
SLOWEST_SHOWN = 100


def number_control() -> tuple[np.ndarray, int]:
    """A test digit (28, 28) uint8 and its true label, by its index in the URL."""
    digits = held_out_digits()
    images, labels = digits.test_images[..., 0], digits.test_labels
    title = {"mnist": "MNIST", "digits": "scikit-learn"}[digits.name]
    number, another = st.columns([2, 1], vertical_alignment="bottom")
    label = f"Or a test digit of {title}"
    index = number.number_input(label, 0, len(labels) - 1, 0, key="index", bind="query-params")
    another.button("Another", on_click=_jump, args=(np.arange(len(labels)),), width="stretch")
    note_stand_in()
    return images[index], int(labels[index])


def pick_control(chosen: ModelInUse) -> tuple[np.ndarray, int]:
    """As `number_control`, with a choice of the digits that Next and Random go through."""
    which = st.selectbox("Which test digits", WHICH, key="predict_which", bind="query-params")
    rows = _rows(which, chosen)
    note_stand_in()
    images, labels = held_out_digits().test_images[..., 0], held_out_digits().test_labels
    index = st.number_input("Index", 0, len(labels) - 1, 0, key="index", bind="query-params")
    if not len(rows):
        st.caption("No such digits.")
        return images[index], int(labels[index])
    with st.container(horizontal=True):
        st.button("Next", on_click=_jump, args=(_after(rows, index),))
        st.button("Random", on_click=_jump, args=(rows,))
    st.caption(f"{len(rows):,} of {len(labels):,} digits.")
    return images[index], int(labels[index])


def _rows(which: str, chosen: ModelInUse) -> np.ndarray:
    """Indices of the chosen test digits; hardest first for "most evaluations"."""
    labels = held_out_digits().test_labels
    if which == ALL:
        return np.arange(len(labels))
    if which not in (MISTAKES, SLOWEST):
        return np.flatnonzero(labels == int(which[-1]))
    results = results_of(chosen)
    if which == MISTAKES:
        return np.flatnonzero(~results.converged | (results.labels != labels))
    return np.argsort(-results.nfe, kind="stable")[:SLOWEST_SHOWN]


def _after(rows: np.ndarray, index: int) -> np.ndarray:
    """The row after an index; the first row if the index is not among them."""
    place = np.flatnonzero(rows == index)
    return rows[[(place[0] + 1) % len(rows) if len(place) else 0]]


def _jump(rows: np.ndarray) -> None:
    """Go to a random row."""
    st.session_state["index"] = int(np.random.default_rng().choice(rows))
