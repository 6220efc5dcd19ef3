"""What is missing on this machine, said once on a page."""

import streamlit as st

from deq.data import at_hand, held_out_digits


def tell_stand_in() -> None:
    """One quiet line where scikit-learn's digits stand in for MNIST's."""
    if held_out_digits().name != "mnist":
        st.caption(
            "MNIST is not on this machine: scikit-learn's digits, enlarged from 8 × 8 pixels, stand in for it."
        )


def tell_download(task: str, title: str) -> None:
    """The same before training on a data set that has to be fetched."""
    if not at_hand(task):
        otherwise = (
            "scikit-learn's digits stand in" if task == "mnist" else "take the digits, which need none"
        )
        st.caption(f"{title} is not on this machine: a run fetches it first. Without a network {otherwise}.")
