"""The uploaded pictures: each is decoded, cut and solved once per session; one of them is shown in detail."""

import base64
import io
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.delta_generator import DeltaGenerator

from deq.analysis.answers import Answer, Followed, each_answer, follow
from deq.images import (
    MAX_FILES,
    Ink,
    PictureError,
    count_pictures,
    cut_digits,
    find_ink,
    is_zip,
    keep_plain,
    pictures_in,
    read_picture,
)
from deq.solvers import Solver
from pages.ui.predict.inputs import DigitInput, File
from pages.ui.readers.model import ModelInUse
from pages.ui.server.runs import long_work
from pages.ui.widgets.downloads import csv_button
from pages.ui.widgets.text import SHARE, percents, plain, short

DECODED = "As decoded"
THUMB, STAGE = 64, 300  # pixels of the longer side
Settings = tuple[str | None, float | None]  # polarity and threshold
WHOLE: Settings = ("whole", None)  # pictures are not searched for digits


@dataclass(frozen=True)
class Reading:
    """One picture. digits: (n, 28, 28) uint8; error: why there are none. polarity: empty if it was kept whole.

    key: identifies picture and settings. thumbnail: a data URL. stages: caption -> JPEG of each step from the picture
    to its ink.
    """

    key: str
    name: str
    digits: np.ndarray
    thumbnail: str
    stages: dict[str, bytes]
    polarity: str
    error: str = ""


@dataclass(frozen=True)
class Read:
    """The picture shown in detail, its answers, the places on the page for them, and that for all below."""

    reading: Reading
    found: list[Answer]
    places: list[DeltaGenerator]
    below: DeltaGenerator
    followed: Followed | None = None  # both solves of a drawing of one digit


def answer_files(
    given: DigitInput, how: Settings, chosen: ModelInUse, solver: Solver, places: list[DeltaGenerator]
) -> Read:
    """Read and solve the files, and let one of many be chosen. A new batch clears the places of answers at once."""
    newest, by = given.files[-1].key, (chosen.fingerprint, repr(solver))
    batch = [file.key for file in given.files], how, by
    several = len(given.files) > 1 or is_zip(given.files[0].data)
    new = several and st.session_state.get("predict_batch") != batch
    slots = [place.empty() for place in places] if new else places
    below = st.empty().container if new else st.container
    say = slots[0].progress if new else lambda share, words: None  # what was read before comes at once
    with long_work(slots[0]) if new else nullcontext():
        every = read_files(given.files, how, say)
        readings = every[:MAX_FILES]
        if given.drawn and len(readings[0].digits) == 1:
            followed = follow_drawing(readings[0], chosen, solver)
            return Read(readings[0], [followed.shown], _filled(slots), below(), followed)
        answers = answers_of(readings, chosen, solver, say)
    st.session_state["predict_batch"] = batch
    filled, lower = _filled(slots), below()
    with lower:
        if len(every) > MAX_FILES:
            st.warning(f"You uploaded {len(every)} pictures; only the first {MAX_FILES} are shown.")
        reading = choose_reading(readings, answers, newest, chosen.names)
    return Read(reading, answers[reading.key], filled, lower)


def _filled(slots: list[DeltaGenerator]) -> list[DeltaGenerator]:
    return [slot.container() for slot in slots]


def read_files(files: Sequence[File], how: Settings, say: Callable[[float, str], object]) -> list[Reading]:
    """The pictures of all files, in order."""
    readings: list[Reading] = []
    total = sum(count_pictures(file.data) for file in files)
    for file in files:
        for member, (name, data) in enumerate(pictures_in(file.data)):
            say(len(readings) / total, f"Reading the pictures: {len(readings)} of {total}")
            readings.append(_read(f"{file.key}/{member}/{how}", name or file.name, data, how))
    return readings


@st.cache_data(scope="session", max_entries=2 * MAX_FILES, show_spinner=False)
def _read(key: str, name: str, _data: bytes | PictureError, how: Settings) -> Reading:
    """One picture, decoded and cut once per session; `key` stands for its bytes."""
    digits, thumbnail, stages, polarity = np.empty((0, 28, 28), np.uint8), "", {}, ""
    try:
        if isinstance(_data, PictureError):
            raise _data
        picture = read_picture(_data)
        thumbnail = "data:image/jpeg;base64," + base64.b64encode(_jpeg(picture, THUMB)).decode()
        if how == WHOLE:
            return Reading(key, name, keep_plain(picture), thumbnail, {DECODED: _jpeg(picture, STAGE)}, "")
        ink = find_ink(picture, how[0])
        stages, polarity = _stages(picture, ink), ink.polarity
        digits = cut_digits(ink, how[1])
    except PictureError as error:
        return Reading(key, name, digits, thumbnail, stages, polarity, str(error))
    return Reading(key, name, digits, thumbnail, stages, polarity)


def _stages(picture: np.ndarray, ink: Ink) -> dict[str, bytes]:
    """The steps from the picture to its ink."""
    strength = ink.strength / max(float(ink.strength.max()), 1e-6)
    found = {
        DECODED: picture,
        "Grey, with dark ink": np.clip(ink.grey, 0, 255).astype(np.uint8),
        "Ink, without paper, shadows and lines": np.round(255 * strength).astype(np.uint8),
    }
    return {caption: _jpeg(stage, STAGE) for caption, stage in found.items()}


def _jpeg(picture: np.ndarray, side: int) -> bytes:
    """A picture (rows, columns, 3) or (rows, columns), scaled down to `side`."""
    image, file = Image.fromarray(picture), io.BytesIO()
    image.thumbnail((side, side))
    image.save(file, "JPEG", quality=85)
    return file.getvalue()


def follow_drawing(reading: Reading, chosen: ModelInUse, solver: Solver) -> Followed:
    """The answer to a drawing, also from the last equilibrium of the same model and solver; solved once."""
    by, state = (chosen.fingerprint, repr(solver)), st.session_state
    known_by, key, last = state.get("predict_followed", (None, "", None))
    if (known_by, key) == (by, reading.key):
        return last
    start = last.shown if known_by == by else None
    followed = follow(chosen.model, reading.digits[0], solver, start)
    state["predict_followed"] = by, reading.key, followed
    return followed


def answers_of(
    readings: Sequence[Reading], chosen: ModelInUse, solver: Solver, say: Callable[[float, str], object]
) -> dict[str, list[Answer]]:
    """The answers for each picture, by its key; solved once per session, model and solver."""
    by = chosen.fingerprint, repr(solver)
    known = st.session_state.setdefault("predict_answers", {})
    if known.get("by") != by:
        known.update(by=by, answers={})
    wanted = {reading.key: reading for reading in readings}
    answers = {key: found for key, found in known["answers"].items() if key in wanted}
    new = [reading for key, reading in wanted.items() if key not in answers]
    if digits := [reading.digits for reading in new if len(reading.digits)]:
        images = np.concatenate(digits)
        found: list[Answer] = []
        for answer in each_answer(chosen.model, images, solver):
            say(len(found) / len(images), f"Solving: {len(found)} of {len(images)}")
            found.append(answer)
        rest = iter(found)
        answers |= {reading.key: [next(rest) for _ in reading.digits] for reading in new}
    known["answers"] = answers
    return {key: answers.get(key, []) for key in wanted}


def choose_reading(
    readings: Sequence[Reading], answers: dict[str, list[Answer]], newest: str, names: Sequence[str]
) -> Reading:
    """The only picture, or of many the one chosen in the table, by default the last.

    newest: key of the last file; a new one resets the choice. names: of the classes.
    """
    if len(readings) == 1:
        return readings[0]
    table = columns_of(readings, answers, names)
    key, last = f"predict_table_{newest}_{len(readings)}", len(readings) - 1
    read = sum(not reading.error for reading in readings)
    st.markdown(f"**{read} of {len(readings)} pictures read.** Choose a row to see it in detail.")
    _offer_doubtful(readings, answers, key)
    event = st.dataframe(
        {"picture": [r.thumbnail for r in readings]} | table | {"confidence": percents(table["confidence"])},
        hide_index=True,
        row_height=40,
        column_config={
            "picture": st.column_config.ImageColumn("", width="small"),
            "confidence": st.column_config.NumberColumn(format=SHARE),
        },
        on_select="rerun",
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [last]}},
        key=key,
    )
    csv_button("Download the table", table, "digits.csv")
    rows = event.selection.rows
    return readings[rows[0] if rows and rows[0] <= last else last]


def _offer_doubtful(readings: Sequence[Reading], answers: dict[str, list[Answer]], key: str) -> None:
    """A button that selects the least certain row in the table of this key."""
    row = most_doubtful([answers[reading.key] for reading in readings])
    if row is None:
        return
    lost = not all(answer.converged for answer in answers[readings[row].key])
    least = min(answer.confidence for answer in answers[readings[row].key])
    why = "not converged" if lost else f"{100 * least:.0f} %"
    label = f"Show the least certain: {plain(short(readings[row].name))}, {why}"
    st.button(label, icon=":material/help:", key="predict_doubtful", on_click=_choose_row, args=(key, row))


def most_doubtful(found: Sequence[list[Answer]]) -> int | None:
    """The picture with a solve that did not converge, or else with the lowest confidence; None if there are none."""
    doubt = {i: min((a.converged, a.confidence) for a in of) for i, of in enumerate(found) if of}
    return min(doubt, key=lambda i: doubt[i], default=None)


def _choose_row(key: str, row: int) -> None:
    st.session_state[key] = {"selection": {"rows": [row], "columns": [], "cells": []}}


def columns_of(
    readings: Sequence[Reading], answers: dict[str, list[Answer]], names: Sequence[str]
) -> dict[str, list[Any]]:
    """The table; a picture of several digits lists all labels and the lowest confidence."""
    found = [answers[reading.key] for reading in readings]
    return {
        "file": [reading.name for reading in readings],
        "prediction": [" ".join(names[a.label] if a.converged else "?" for a in of) for of in found],
        "confidence": [min(a.confidence for a in of) if of else None for of in found],
        "converged": [all(a.converged for a in of) if of else None for of in found],
        "evaluations": [max(a.evaluations for a in of) if of else None for of in found],
        "error": [reading.error for reading in readings],
    }
