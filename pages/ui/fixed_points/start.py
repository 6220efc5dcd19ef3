"""The start of an orbit: a slider, a number field and a click on the picture, which follow each other."""

import streamlit as st


def start_key(name: str) -> str:
    """The start has a key for each map: their windows differ, and each remembers its own."""
    return "start_" + "".join(c if c.isalnum() else "_" for c in name).strip("_").lower()


def set_start(x: float) -> None:
    """Move the start of the chosen map, from a click or from the number field."""
    st.session_state[start_key(st.session_state["preset"])] = float(x)


def start_controls(name: str, low: float, high: float, default: float) -> float:
    """The start by slider and by number field, which follow each other; a click on the cobweb moves both."""
    key, step = start_key(name), (high - low) / 200
    if key in st.session_state:  # another window, or a click on its very edge
        st.session_state[key] = min(max(st.session_state[key], low), high)
    start = st.slider(
        "Start",
        low,
        high,
        default,
        step,
        format="%.3f",
        key=key,
        bind="query-params",
        persist_state="session",
    )
    st.session_state["start_field"] = start
    st.number_input(
        "Start as a number",
        low,
        high,
        step=step,
        format="%.5g",
        key="start_field",
        label_visibility="collapsed",
        on_change=_field_changed,
    )
    return start


def _field_changed() -> None:
    set_start(st.session_state["start_field"])
