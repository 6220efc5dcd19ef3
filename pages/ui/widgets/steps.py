"""Computations in steps: a progress bar, a Stop button, and finished steps are kept."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

Steps = dict[str, Callable[[], object]]  # label -> what it computes


def in_steps(name: str, settings: Hashable, steps: Mapping[str, Callable[[], object]]) -> dict[str, Any]:
    """Run the steps one after another and return their results by label; only the finished ones if stopped.

    Each step caches its own result, so only new steps take time. When a control changes or Stop is clicked,
    Streamlit aborts the script at its next drawing command, which is between two steps.
    """
    state = st.session_state.setdefault(f"_steps-{name}", {})
    if state.get("settings") != settings:
        state.update(settings=settings, done=set(), stopped=False)
    results: dict[str, Any] = {}
    place, bar = st.empty(), None
    for label, step in steps.items():
        if label not in state["done"]:
            if state["stopped"]:
                continue
            bar = bar or _bar_with_stop(place, name)
            bar.progress(len(results) / len(steps), label)
        results[label] = step()
        state["done"].add(label)
    place.empty()
    if len(results) < len(steps):
        _offer_more(place, name, len(results), len(steps))
    return results


def _bar_with_stop(place: DeltaGenerator, name: str) -> DeltaGenerator:
    """A place for the progress bar beside the button, which is drawn once per run and so remains the same button."""
    box = place.container(horizontal=True, vertical_alignment="center")
    bar = box.empty()
    box.button("Stop", key=f"stop-{name}", on_click=_set_stopped, args=(name, True))
    return bar


def _offer_more(place: DeltaGenerator, name: str, done: int, total: int) -> None:
    with place.container(horizontal=True, vertical_alignment="center"):
        st.info(f"Stopped after {done} of {total} steps. Only finished steps are shown.")
        st.button("Continue", key=f"go-on-{name}", on_click=_set_stopped, args=(name, False))


def _set_stopped(name: str, stopped: bool) -> None:
    st.session_state[f"_steps-{name}"]["stopped"] = stopped
