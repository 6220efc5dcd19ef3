"""The work of this server: runs, the progress of a live one in words, and turns for other long work."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from deq.jobs import Comparisons, Registry, Snapshot, Status
from deq.jobs.turns import Turns
from pages.ui.server.memory import keep_programs_while

EVERY = 1.0  # seconds between updates of a live run
_turns = Turns()


def visitors_wait() -> bool:
    """Whether a page is being computed for anyone; Streamlit does that in a thread of this name."""
    return any(thread.name == "ScriptRunner.scriptThread" for thread in threading.enumerate())


@st.cache_resource(show_spinner="Preparing the runs")
def registry() -> Registry:
    """All runs of this server; a visitor reaches only runs whose ids they know."""
    runs = Registry(others_wait=visitors_wait)
    keep_programs_while(lambda: runs.busy)
    return runs


@st.cache_resource(show_spinner=False)
def comparisons() -> Comparisons:
    """All comparisons of this server; as with runs, a visitor reaches only those whose ids they know."""
    return Comparisons()


@contextmanager
def long_work(place: DeltaGenerator | None = None) -> Iterator[None]:
    """The block waits for its turn, and the page says how many are ahead of it: in `place`, or else here.

    A visitor who changes a control or leaves the page loses the place: Streamlit ends their run at its next message.
    """

    def waiting(ahead: int) -> None:
        nonlocal place
        place = place or st.empty()
        place.info(f"Waiting for your turn: {ahead} ahead of you.", icon=":material/hourglass_empty:")

    with _turns.turn(waiting):
        if place is not None:
            place.empty()
        yield


def progress_text(now: Snapshot) -> str:
    """Phase, updates, throughput and time left, if known."""
    if now.status is Status.QUEUED:
        return f"Waiting: number {now.position} in the queue" if now.position else "Starting"
    words = [now.phase.capitalize()]
    if now.steps:
        words.append(f"{now.step:,} of {now.steps:,} updates")
    if now.status is Status.RUNNING and now.rate > 0:
        words += [f"{now.rate:,.0f} per second", f"{duration(now.seconds_left)} left"]
    elif now.seconds:
        words.append(f"trained for {duration(now.seconds)}")
    return ", ".join(words)


def duration(seconds: float) -> str:
    """90 -> "1 min 30 s"."""
    if not math.isfinite(seconds):
        return "unknown time"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
