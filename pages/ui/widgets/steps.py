"""Work in steps: progress while it runs, a button that stops it, and what was done until then is kept."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

Steps = dict[str, Callable[[], object]]  # label -> what it computes


def in_steps(name: str, settings: Hashable, steps: Mapping[str, Callable[[], object]]) -> dict[str, Any]:
    """Run the steps one after another and return their results by label; fewer where the reader stopped it.

    Each step keeps its own result in a cache, so that only what is new takes time. Streamlit leaves a run at
    its next drawing command when a control moves or "Stop" is pressed: between two steps.
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
    """The place of a progress bar, beside the button; drawn once a run, so that the button stays the same."""
    box = place.container(horizontal=True, vertical_alignment="center")
    bar = box.empty()
    box.button("Stop", key=f"stop-{name}", on_click=_set_stopped, args=(name, True))
    return bar


def _offer_more(place: DeltaGenerator, name: str, done: int, total: int) -> None:
    with place.container(horizontal=True, vertical_alignment="center"):
        st.info(f"Stopped after {done} of {total}. What is shown is what was done until then.")
        st.button("Go on", key=f"go-on-{name}", on_click=_set_stopped, args=(name, False))


def _set_stopped(name: str, stopped: bool) -> None:
    st.session_state[f"_steps-{name}"]["stopped"] = stopped
