"""The inputs: upload, draw, photograph, or a test digit."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st

from deq.data import held_out_digits
from deq.images.drawing import (
    BOARD,
    LONGEST,
    PEN,
    Drawing,
    DrawingError,
    from_canvas,
    paint_drawing,
    read_drawing,
    to_canvas,
    write_drawing,
)
from pages.ui.predict.results import results_of
from pages.ui.readers.missing import note_stand_in
from pages.ui.readers.model import ModelInUse

UPLOAD, DRAW, CAMERA, TEST = "Upload", "Draw", "Camera", "Test digit"
KINDS = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic", "heif", "zip"]
ALL, MISTAKES, SLOWEST = "all", "only mistakes", "most evaluations"
WHICH = [ALL, MISTAKES, SLOWEST, *(f"label {digit}" for digit in range(10))]
SLOWEST_SHOWN = 100
CANVAS, STROKES = "predict_canvas", "strokes"  # keys; the latter in the link too
REFUSED = "The drawing in the link cannot be read, so the board is empty."
TOO_LONG = f"This drawing is too long for a link (over {LONGEST:,} characters): a link opens an empty board."

# Browsers list cameras, without names, before permission is given; over plain HTTP they list none.
CAMERA_CHECK = """
export default function ({ setStateValue, data }) {
  const listed = navigator.mediaDevices?.enumerateDevices() ?? Promise.resolve([]);
  listed.catch(() => []).then((devices) => {
    const missing = !devices.some((device) => device.kind === "videoinput");
    if (missing !== data.missing) setStateValue("missing", missing);
  });
}
"""


@dataclass(frozen=True)
class File:
    """One file; key identifies it within the session."""

    key: str
    name: str
    data: bytes


@dataclass(frozen=True)
class DigitInput:
    """Files, the newest last; or a test digit (28, 28) uint8 and its label; or nothing yet. drawn: on the board."""

    files: list[File] = field(default_factory=list)
    digit: np.ndarray | None = None
    truth: int | None = None
    drawn: bool = False


def choose_input(chosen: ModelInUse) -> DigitInput:
    """One input at a time: the camera is opened only when chosen, and offered only if there is one.

    Test digits are for models of digits.
    """
    missing = {CAMERA: camera_missing(), TEST: not chosen.reads_digits}
    ways = [way for way in (UPLOAD, DRAW, CAMERA, TEST) if not missing.get(way)]
    if (
        st.session_state.get("predict_way", UPLOAD) not in ways
    ):  # a link from another device, or another model
        st.session_state["predict_way"] = UPLOAD
    way = st.segmented_control(
        "Input",
        ways,
        default=UPLOAD,
        required=True,
        key="predict_way",
        bind="query-params",
        label_visibility="collapsed",
        width="stretch",
    )
    if way == DRAW:
        return _drawn()
    st.query_params.pop(STROKES, None)
    if way == CAMERA:
        shot = st.camera_input("Take a photo", key="predict_camera", label_visibility="collapsed")
        return DigitInput([File(shot.file_id, "photo", shot.getvalue())] if shot else [])
    if way == TEST:
        return DigitInput([], *pick_control(chosen))
    return _uploaded(chosen.reads_digits)


def _uploaded(digits: bool) -> DigitInput:
    """Uploaded files; a test digit until there are any, if the model reads digits."""
    label = "Pictures of digits, or a zip of them" if digits else "Pictures, or a zip of them"
    uploads = st.file_uploader(label, KINDS, accept_multiple_files=True, key="upload")
    if uploads:
        return DigitInput([File(upload.file_id, upload.name, upload.getvalue()) for upload in uploads])
    return DigitInput([], *number_control()) if digits else DigitInput()


def _drawn() -> DigitInput:
    """The drawing. The canvas is blank after a page switch, so the session and the link keep its strokes."""
    from streamlit_drawable_canvas import st_canvas  # registers itself with a running server

    state = st.session_state
    key = f"{CANVAS}_{state.setdefault('predict_sheet', 0)}"
    if key not in state:
        state["predict_start"] = _first_strokes()
    st.caption("Draw with mouse, pen or finger; the answer follows every stroke.")
    canvas = st_canvas(
        stroke_width=PEN,
        stroke_color="#000000",
        background_color="#FFFFFF",
        width=BOARD,
        height=BOARD,
        initial_drawing=to_canvas(state["predict_start"]),
        key=key,
    )
    st.button("Clear", icon=":material/delete:", on_click=_clear)
    drawing = _strokes_on(canvas.json_data)
    _keep(drawing)
    if not drawing:
        return DigitInput()
    file = io.BytesIO()
    paint_drawing(drawing).save(file, "PNG")  # by the server, so that a link gives the same pixels
    return DigitInput([File(write_drawing(drawing), "drawing", file.getvalue())], drawn=True)


def _first_strokes() -> Drawing:
    """What a new sheet shows: the link's drawing, or else the session's; text that holds no drawing is refused."""
    text = st.query_params.get(STROKES)
    if text is None:
        return st.session_state.get(STROKES, ())
    try:
        return read_drawing(text)
    except DrawingError:
        st.session_state["predict_refused"] = True
        return ()


def _strokes_on(canvas: Any) -> Drawing:
    """The strokes on the canvas; none where the browser sends anything else."""
    try:
        return from_canvas(canvas)
    except DrawingError:
        return ()


def _keep(drawing: Drawing) -> None:
    """The drawing in the session and in the link, if it fits into one."""
    text = write_drawing(drawing) if drawing else ""
    st.session_state[STROKES] = drawing
    if not text or len(text) > LONGEST:
        st.query_params.pop(STROKES, None)
    elif st.query_params.get(STROKES) != text:
        st.query_params[STROKES] = text
    if len(text) > LONGEST:
        st.caption(TOO_LONG)
    if drawing:
        st.session_state.pop("predict_refused", None)
    elif "predict_refused" in st.session_state:
        st.warning(REFUSED)


def _clear() -> None:
    """Start a new drawing."""
    st.session_state.pop("predict_refused", None)
    st.session_state.pop("predict_followed", None)  # the last equilibrium belongs to another drawing
    st.session_state[STROKES] = ()
    st.query_params.pop(STROKES, None)
    st.session_state["predict_sheet"] += 1


@lru_cache(1)
def _camera_check() -> Callable[..., Any]:
    """The component that asks the browser for cameras; registered on first use: that needs a running server."""
    return st.components.v2.component("deq_camera", js=CAMERA_CHECK)


def camera_missing() -> bool:
    """Whether the browser has reported that it has no camera; False until it answers.

    With a camera nothing reruns, and the answer holds for the session.
    """
    missing = bool(st.session_state.get("camera", {}).get("missing", False))
    _camera_check()(key="camera", data={"missing": missing}, on_missing_change=lambda: None)
    return missing


def number_control() -> tuple[np.ndarray, int]:
    """A test digit (28, 28) uint8 and its true label, by its index in the URL."""
    digits = held_out_digits()
    images, labels = digits.test_images[..., 0], digits.test_labels
    title = {"mnist": "MNIST", "digits": "scikit-learn"}[digits.name]
    number, another = st.columns([2, 1], vertical_alignment="bottom")
    label = f"Or a test digit from {title}"
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
