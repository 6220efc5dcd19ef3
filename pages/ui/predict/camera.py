"""Whether the visitor's device has a camera, as far as the browser tells before anybody is asked for leave."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import streamlit as st

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
