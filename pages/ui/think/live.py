"""What the page sends to the live picture of a puzzle, and what the picture reports when the puzzle is changed."""

import base64
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from deq.data.puzzles import DOWN, GOAL, RIGHT, START
from deq.plots.style import ACCENT, FAILED_RED, NEUTRAL
from pages.ui.think.answers import EDITED, Answer
from pages.ui.think.puzzle import MOST, Puzzle, written
from pages.ui.widgets.live import live_component

HERE = Path(__file__).parent
KEY, CHANGES, SHOWN = "live_puzzle", "changes", "_think_shown"  # CHANGES: in the link too


def live_puzzle(puzzle: Puzzle, answer: Answer, scratch: Answer | None) -> None:
    """The puzzle and its answer after each step, played once; after a click, Python solves the changed puzzle.

    scratch: another solve of it, whose number of wrong places is drawn beside this one's.
    """
    st.session_state[SHOWN] = puzzle
    live_component(HERE / "think.js")(
        key=KEY, data=message(puzzle, answer, scratch), on_edited_change=_edited
    )


def message(puzzle: Puzzle, answer: Answer, scratch: Answer | None = None) -> dict[str, Any]:
    """All answers in one message: each packed frame as its difference from the one before, compressed."""
    maze = puzzle.x.ndim == 3
    cells = puzzle.x[..., [RIGHT, DOWN]] if maze else puzzle.x
    differences = np.concatenate([answer.frames[:1], answer.frames[1:] ^ answer.frames[:-1]])
    return {
        "kind": "maze" if maze else "bits",
        "puzzle": puzzle.label,
        "size": puzzle.size,
        "cells": _text(np.packbits(cells).tobytes()),
        "ends": [int(puzzle.x[..., end].argmax()) for end in (START, GOAL)] if maze else [],
        "truth": _text(np.packbits(puzzle.truth).tobytes()),
        "frames": _text(zlib.compress(differences.tobytes())),
        **_curve(answer),
        "scratch": scratch and _curve(scratch),
        "converged": answer.converged,
        "changes": list(puzzle.changes),
        "most": MOST,
        "look": {"wrong": FAILED_RED, "answer": ACCENT, "neutral": NEUTRAL},
        "serial": _serial(),
    }


def _curve(answer: Answer) -> dict[str, list[int]]:
    """How many places are wrong after how many evaluations."""
    return {"calls": answer.calls.tolist(), "wrong": answer.wrong.tolist()}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _report() -> dict[str, Any]:
    """The last report of the picture; unchecked, because it comes from a browser."""
    report = (st.session_state.get(KEY) or {}).get("edited")
    return report if isinstance(report, dict) else {}


def _serial() -> int:
    """Which report this run answers."""
    serial = _report().get("serial")
    return serial if isinstance(serial, int) else 0


def _edited() -> None:
    """Take over the changes, if they are changes of the puzzle that is shown."""
    report, shown = _report(), st.session_state.get(SHOWN)
    changes = report.get("changes")
    if isinstance(shown, Puzzle) and report.get("puzzle") == shown.label and isinstance(changes, list):
        keep_changes(shown.changed(changes).changes)
        st.session_state[EDITED] = True


def keep_changes(changes: tuple[int, ...]) -> None:
    """Write the changes into the link, which is where the page reads them."""
    if changes:
        st.query_params[CHANGES] = written(changes)
    else:
        st.query_params.pop(CHANGES, None)
