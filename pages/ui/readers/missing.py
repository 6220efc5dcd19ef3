"""Captions about data sets that are not on this machine."""

import streamlit as st

from deq.data import at_hand, held_out_digits


def note_stand_in() -> None:
    """A caption if scikit-learn's digits replace MNIST."""
    if held_out_digits().name != "mnist":
        st.caption(
            "MNIST is not on this machine; using scikit-learn's digits, enlarged from 8 × 8 pixels, instead."
        )


def note_download(task: str, title: str) -> None:
    """A caption before training on a data set that must be downloaded."""
    if not at_hand(task):
        fallback = "it uses scikit-learn's digits" if task == "mnist" else "choose the digits instead"
        st.caption(
            f"{title} is not on this machine: a run downloads it first. Without the internet {fallback}."
        )
