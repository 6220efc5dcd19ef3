"""The controls for maps of one number: map, parameters, start, damping; all in the URL.

All pages of a session share their keys, so a key that another page might use contains this page's name.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from deq.maps.formula import MAX_LENGTH, Formula, FormulaError, parse_formula
from deq.maps.notation import latex
from deq.maps.presets import OWN_FORMULA, PRESETS, Preset
from deq.maps.scalar import ScalarMap
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.text import plain

A_RANGE = (-4.0, 4.0)  # the same for all presets: another range would make another widget
WIDTH_LEAST = 1e-3
EXAMPLES: dict[str, tuple[str, dict[str, float]]] = {  # label -> preset, and what differs from its defaults
    "Period 2": ("logistic map", {"a": 3.2}),
    "Chaos": ("logistic map", {"a": 3.9}),
    "Chaos, tamed by damping": ("logistic map", {"a": 3.9, "map_damping": 0.5}),
    "Two states": ("tanh(a x + b)", {}),
    "Correct digits double": ("Babylonian square root", {}),
}


@dataclass(frozen=True)
class MapSettings:
    """Values of the controls. f, with a and b, is the map; g is the damped map that is iterated."""

    formula: Formula
    a: float
    b: float
    start: float
    damping: float
    low: float
    high: float
    num_steps: int
    sweep: tuple[float, float]

    @property
    def f(self) -> ScalarMap:
        return ScalarMap(self.formula, self.a, self.b)

    @property
    def g(self) -> ScalarMap:
        return ScalarMap(self.formula, self.a, self.b, self.damping)

    @property
    def named(self) -> dict[str, object]:
        """Values that the code snippets need, by name."""
        numbers = {"a": self.a, "b": self.b, "start": self.start, "damping": self.damping}
        return numbers | {"formula": self.formula.text, "low": self.low, "high": self.high}

    @property
    def window(self) -> np.ndarray:
        """(401,) values of x."""
        return np.linspace(self.low, self.high, 401)


def map_controls(places: Sequence[DeltaGenerator], damping_label: str = "Damping") -> MapSettings | None:
    """Draw the controls and return their values; None, with a message on the page, if the formula is unusable.

    places: for the map, its parameters, the start, and the damping with further settings.
    """
    with places[0]:
        name = st.selectbox("Map", list(PRESETS), key="preset", bind="query-params", on_change=_use_defaults)
        preset = PRESETS[name]
        formula = _parse(_formula_text(name, preset))
        if formula is not None:
            st.markdown(f"$f(x) = {latex(formula.tree)}$")
    with places[3]:
        damping = slider(damping_label, "map_damping", 0.05, 1.0, 1.0, help=tip("damping"))
        low, high, num_steps, sweep = _more_settings(name, preset)
    with places[1]:
        a = typed_slider("Parameter a", "a", A_RANGE, preset.a)
        has_b = formula is not None and "b" in formula.variables
        b = slider("Parameter b", "b", *A_RANGE, preset.b) if has_b else preset.b
    with places[2]:
        start = _start(name, low, high, min(max(preset.start, low), high))
    st.session_state["_a_seen"] = a
    if formula is None:
        return None
    settings = MapSettings(formula, a, b, start, damping, low, high, num_steps, sweep)
    with places[0]:
        return settings if _has_values(settings) else None


def row_of_controls(damping_label: str = "Damping") -> MapSettings | None:
    """The controls in one row above a picture."""
    return map_controls(st.columns(4, gap="medium"), damping_label)


def example_buttons() -> None:
    """Buttons for settings worth seeing."""
    with st.container(horizontal=True, gap="small", key="what_to_try_number"):
        for label, (preset, changes) in EXAMPLES.items():
            st.button(label, key=f"try-{label}", on_click=_apply, args=(preset, changes))


def suggestion() -> None:
    """What to try with the chosen map."""
    st.markdown(f"**What to try.** {plain(PRESETS[st.session_state['preset']].try_this)}")


def start_key(name: str) -> str:
    """Key of the start, one for each map: windows differ, and each map remembers its own start."""
    return "start_" + "".join(c if c.isalnum() else "_" for c in name).strip("_").lower()


def set_start(x: float) -> None:
    """Move the start of the chosen map."""
    st.session_state[start_key(st.session_state["preset"])] = float(x)


def _start(name: str, low: float, high: float, default: float) -> float:
    """The start; a drag in the picture moves it too."""
    key = start_key(name)
    if key in st.session_state:  # the window changed
        st.session_state[key] = min(max(st.session_state[key], low), high)
    return typed_slider("Start", key, (low, high), default, (high - low) / 200, field="start_field")


def typed_slider(
    label: str,
    key: str,
    bounds: tuple[float, float],
    default: float,
    step: float = 0.01,
    help: str | None = None,
    field: str = "",
) -> float:
    """A slider, whose value the URL keeps by its key, and beside it a number field that stays in step."""
    field = field or f"{key}_field"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        value = slider(label, key, *bounds, default, help, step, "%.4g")
        st.session_state[field] = value
        st.number_input(
            f"{label} as a number",
            *bounds,
            step=step,
            format="%.5g",
            key=field,
            label_visibility="collapsed",
            on_change=_copy,
            args=(field, key),
            width=96,
        )
    return value


def _copy(field: str, key: str) -> None:
    st.session_state[key] = float(st.session_state[field])


def _formula_text(name: str, preset: Preset) -> str:
    if name != OWN_FORMULA:
        return preset.formula
    text = st.text_input(
        "f(x)",
        preset.formula,
        key="formula",
        max_chars=MAX_LENGTH,
        bind="query-params",
        help="You can use numbers, x, a, b, + - \\* / \\*\\*, parentheses, sin, cos, tan, tanh, exp, log, sqrt, abs, "
        "sigmoid and relu.",
    )
    return text or ""


def _parse(text: str) -> Formula | None:
    """The formula, or None with a message that points at the mistake."""
    try:
        return parse_formula(text)
    except FormulaError as error:
        st.error(plain(str(error)))
        if error.text:
            st.code(error.pointer, language=None)
        return None


def _more_settings(name: str, preset: Preset) -> tuple[float, float, int, tuple[float, float]]:
    """Number of steps, the window of your own formula, and the range of the sweep."""
    with st.popover("More settings", icon=":material/tune:"):
        num_steps = st.slider("Steps drawn", 5, 60, 30, key="steps_drawn", bind="query-params")
        sweep = st.slider("Range of a", *A_RANGE, preset.sweep, 0.05, key="sweep", bind="query-params")
        low, high = preset.low, preset.high
        if name == OWN_FORMULA:
            low = st.number_input(
                "Window from", -1e6, 1e6, preset.low, key="window_from", bind="query-params"
            )
            high = st.number_input("to", -1e6, 1e6, preset.high, key="window_to", bind="query-params")
            if high - low < WIDTH_LEAST * (1 + abs(low)):
                st.warning("The window is empty: raise its end. Showing the default window.")
                low, high = preset.low, preset.high
    return low, high, num_steps, sweep if sweep[1] > sweep[0] else preset.sweep


def slider(
    label: str,
    key: str,
    low: float,
    high: float,
    default: float,
    help: str | None = None,
    step: float = 0.01,
    format: str = "%.2f",
) -> float:
    """A slider whose value the URL and the session keep."""
    bound = st.slider(
        label,
        low,
        high,
        default,
        step,
        format,
        key=key,
        help=help,
        bind="query-params",
        persist_state="session",
    )
    return round(bound, 10)


def _has_values(settings: MapSettings) -> bool:
    """Whether f is finite anywhere in the window; an error on the page if not."""
    if np.isfinite(settings.f(settings.window)).any():
        return True
    message = f"{settings.formula.text} has no finite value for x from {settings.low:g} to {settings.high:g} "
    st.error(plain(f"{message}at a = {settings.a:g}. Change a, the window or the formula."))
    return False


def _use_defaults() -> None:
    """Set the parameters to the new map's defaults, unless a was changed in the same run."""
    preset = PRESETS[st.session_state["preset"]]
    if st.session_state.get("a") == st.session_state.get("_a_seen"):
        st.session_state["a"] = preset.a
    st.session_state["b"], st.session_state["sweep"] = preset.b, preset.sweep


def _apply(name: str, changes: dict[str, float]) -> None:
    """Set the controls to a preset with changes."""
    preset = PRESETS[name]
    values = {"preset": name, "a": preset.a, "b": preset.b, "map_damping": 1.0, "sweep": preset.sweep}
    st.session_state.update(values | {start_key(name): preset.start} | changes)
