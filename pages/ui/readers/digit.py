"""The digit that this visitor drew or uploaded last, for the other pages; it stays in the session."""

import numpy as np
import streamlit as st

KEY = "own_digit"


def keep_digit(image: np.ndarray) -> None:
    """Offer this digit, (28, 28) uint8, on the other pages; it replaces the one before."""
    st.session_state[KEY] = np.asarray(image, np.uint8).tobytes()


def own_digit() -> bytes:
    """The 784 bytes of the digit; empty if there is none yet."""
    return st.session_state.get(KEY, b"")
