"""What the live pictures of this page are sent, and what they report when a drag ends."""

from pathlib import Path
from typing import Any

import streamlit as st

from deq.maps.notation import as_data
from deq.maps.scalar import KEPT, TRANSIENT, FixedPoints
from deq.plots.style import ACCENT, NEUTRAL, solver_style
from pages.ui.fixed_points.controls import A_RANGE, MapSettings, set_start, start_key
from pages.ui.widgets.live import live_component

HERE = Path(__file__).parent
FAR = 1e300  # a number beyond this, or NaN, is no place in a picture
NUMBER, WINDOW = "live_number", "_live_window"
LOOK = {
    "neutral": NEUTRAL,
    "fixed": ACCENT,
    "picard": solver_style("Picard").color,
    "damped": solver_style("damped Picard").color,
}


def live_number(settings: MapSettings, fixed: FixedPoints) -> None:
    """Cobweb, iterates and bifurcation diagram of a map, redrawn in the browser while a hand moves them.

    The formula goes as a tree; what a drag has set comes back when it ends.
    """
    st.session_state[WINDOW] = (settings.low, settings.high)
    points = zip(fixed.x.tolist(), fixed.stable.tolist(), strict=True)
    data = {
        "tree": as_data(settings.formula.tree),
        "a": settings.a,
        "b": settings.b,
        "start": settings.start,
        "damping": settings.damping,
        "low": settings.low,
        "high": settings.high,
        "steps": settings.num_steps,
        "sweep": settings.sweep,
        "bounds": A_RANGE,
        "transient": TRANSIENT,
        "kept": KEPT,
        "fixed": [{"x": x, "stable": stable} for x, stable in points],
        "look": LOOK,
        "sliders": _sliders(),
        "serial": _serial(NUMBER),
    }
    live_component(HERE / "number.js")(key=NUMBER, data=data, on_moved_change=_number_moved)


def _sliders() -> dict[str, str]:
    """The page's sliders that the picture follows: key -> what it sets."""
    start = start_key(st.session_state["preset"])
    return {"a": "a", "b": "b", "map_damping": "damping", start: "start"}


def _number_moved() -> None:
    """Set the controls to where the drag ended."""
    a, start = _moved(NUMBER, "a", A_RANGE), _moved(NUMBER, "start", st.session_state[WINDOW])
    if a is not None:
        st.session_state["a"] = a
    if start is not None:
        set_start(start)


def _report(key: str) -> dict[str, Any]:
    """The last report of a live picture: anything, as it comes from a browser."""
    report = st.session_state.get(key, {}).get("moved")
    return report if isinstance(report, dict) else {}


def _serial(key: str) -> int:
    """Which report this run answers."""
    serial = _report(key).get("serial")
    return serial if isinstance(serial, int) else 0


def _moved(key: str, name: str, bounds: tuple[float, float]) -> float | None:
    """A number of the last report, within bounds; None if it is not finite or no number."""
    value = _report(key).get(name)
    if not isinstance(value, int | float) or not abs(value) < FAR:
        return None
    return float(min(max(value, bounds[0]), bounds[1]))
