"""The ways in: draw, upload, photograph, or take a test digit."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st

from pages.ui.predict.digits import number_control, pick_control
from pages.ui.readers.model import ModelInUse

UPLOAD, DRAW, CAMERA, TEST = "Upload", "Draw", "Camera", "Test digit"
KINDS = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic", "heif", "zip"]
CANVAS, BOARD, PEN = "predict_canvas", 300, 18  # key; sides and pen in pixels

# Browsers list a camera without its name before leave is given; over plain HTTP they list none and open none.
LOOK = """
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
    """One file that came in; key tells it from all others of the session."""

    key: str
    name: str
    data: bytes


@dataclass(frozen=True)
class Given:
    """What came in: files, the newest last, or else a test digit (28, 28) uint8 and its label, or nothing yet."""

    files: list[File] = field(default_factory=list)
    digit: np.ndarray | None = None
    truth: int | None = None


def choose_way(chosen: ModelInUse) -> Given:
    """One way at a time: so no camera is asked for before somebody wants it, and none offered where none is."""
    ways = [UPLOAD, DRAW, CAMERA, TEST]
    if camera_missing():
        ways.remove(CAMERA)
        if st.session_state.get("predict_way") == CAMERA:  # by a link from another device
            st.session_state["predict_way"] = UPLOAD
    way = st.segmented_control(
        "How does the digit come in?",
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
    if way == CAMERA:
        shot = st.camera_input("Photograph a digit", key="predict_camera", label_visibility="collapsed")
        return Given([File(shot.file_id, "photo", shot.getvalue())] if shot else [])
    if way == TEST:
        return Given([], *pick_control(chosen))
    return _uploaded()


def _uploaded() -> Given:
    """Files, or a test digit until there is one."""
    label = "Pictures of digits, or a zip of them"
    uploads = st.file_uploader(label, KINDS, accept_multiple_files=True, key="upload")
    if uploads:
        return Given([File(upload.file_id, upload.name, upload.getvalue()) for upload in uploads])
    return Given([], *number_control())


def _drawn() -> Given:
    """What is on the canvas. It comes back blank after a page switch, so the session keeps strokes and picture."""
    from streamlit_drawable_canvas import st_canvas  # registers itself with a running server

    state = st.session_state
    key = f"{CANVAS}_{state.setdefault('predict_sheet', 0)}"
    if key not in state:
        state["predict_start"] = state.get("predict_drawing")
    start = state["predict_start"]
    st.caption("Draw with mouse, pen or finger.")
    canvas = st_canvas(
        stroke_width=PEN,
        stroke_color="#000000",
        background_color="#FFFFFF",
        width=BOARD,
        height=BOARD,
        initial_drawing=start and start[0],
        return_image_data=True,
        key=key,
    )
    st.button("Clear", icon=":material/delete:", on_click=_clear)
    drawing = start if canvas.image_bytes is None else (canvas.json_data, canvas.image_bytes)
    state["predict_drawing"] = drawing
    if not drawing or not drawing[0]["objects"]:
        return Given()
    return Given([File(hashlib.sha256(drawing[1]).hexdigest(), "drawing", drawing[1])])


def _clear() -> None:
    """A new sheet."""
    st.session_state["predict_drawing"] = None
    st.session_state["predict_sheet"] += 1


@lru_cache(1)
def _look() -> Callable[..., Any]:
    """The component that asks the browser; registered when first shown, because that needs a running server."""
    return st.components.v2.component("deq_camera", js=LOOK)


def camera_missing() -> bool:
    """True once the browser has said that there is no camera; until then one is taken to be there.

    So nothing runs again where there is one, and what the browser says holds for the session.
    """
    missing = bool(st.session_state.get("camera", {}).get("missing", False))
    _look()(key="camera", data={"missing": missing}, on_missing_change=lambda: None)
    return missing
