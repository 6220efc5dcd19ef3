"""What the page sends to its live pictures, and what they report when a drag ends."""

from pathlib import Path
from typing import Any

import streamlit as st

from deq.maps.notation import as_data
from deq.maps.planar import PlanarFixedPoints
from deq.maps.scalar import KEPT, TRANSIENT, FixedPoints
from deq.plots.plane import NULLCLINES
from deq.plots.style import ACCENT, NEUTRAL, solver_style
from pages.ui.fixed_points.controls import A_RANGE, MapSettings, set_start, start_key
from pages.ui.fixed_points.plane_controls import HALF_WIDTH, Z1, Z2, PlaneSettings
from pages.ui.widgets.live import live_component

HERE = Path(__file__).parent
FAR = 1e300  # beyond this a number, like NaN, has no place in a picture
NUMBER, PLANE, WINDOW = "live_number", "live_plane", "_live_window"
LOOK = {
    "neutral": NEUTRAL,
    "fixed": ACCENT,
    "picard": solver_style("Picard").color,
    "damped": solver_style("damped Picard").color,
}
KEY = {  # of the portrait's lines
    "iteration": solver_style("Picard").color,
    "flow": solver_style("ODE flow").color,
    "first": NULLCLINES[0],
    "second": NULLCLINES[1],
}


def live_number(settings: MapSettings, fixed: FixedPoints) -> None:
    """Cobweb, iterates and bifurcation diagram of a map, redrawn in the browser during a drag.

    The formula is sent as a tree; the values that a drag has set are reported when it ends.
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


def live_portrait(settings: PlaneSettings, fixed: PlanarFixedPoints, num_steps: int) -> None:
    """Flow, nullclines and one orbit in the plane, redrawn in the browser during a drag."""
    stable = zip(fixed.stable_for_iteration.tolist(), fixed.stable_for_flow.tolist(), strict=True)
    data = {
        "radius": settings.radius,
        "angle": settings.angle,
        "x1": settings.x1,
        "x2": settings.x2,
        "z1": settings.start[0],
        "z2": settings.start[1],
        "half": HALF_WIDTH,
        "steps": num_steps,
        "fixed": [
            {"z": z, "stable": iteration, "settles": flow}
            for z, (iteration, flow) in zip(fixed.z.tolist(), stable, strict=True)
        ],
        "look": LOOK,
        "key": KEY,
        "sliders": {"w_radius": "radius", "w_angle": "angle", "x1": "x1", "x2": "x2"},
        "serial": _serial(PLANE),
    }
    live_component(HERE / "portrait.js")(key=PLANE, data=data, on_moved_change=_start_moved)


def _start_moved() -> None:
    """Set the start in the plane to where the drag ended."""
    for key, name in ((Z1, "z1"), (Z2, "z2")):
        value = _moved(PLANE, name, (-HALF_WIDTH, HALF_WIDTH))
        if value is not None:
            st.session_state[key] = value


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
    """The last report of a live picture; unchecked, because it comes from a browser."""
    report = st.session_state.get(key, {}).get("moved")
    return report if isinstance(report, dict) else {}


def _serial(key: str) -> int:
    """Which report this run answers."""
    serial = _report(key).get("serial")
    return serial if isinstance(serial, int) else 0


def _moved(key: str, name: str, bounds: tuple[float, float]) -> float | None:
    """A number of the last report, within bounds; None if it is not a finite number."""
    value = _report(key).get(name)
    if not isinstance(value, int | float) or not abs(value) < FAR:
        return None
    return float(min(max(value, bounds[0]), bounds[1]))
