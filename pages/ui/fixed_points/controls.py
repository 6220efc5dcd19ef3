"""The controls for maps of one number: map, parameters, start, damping; all in the URL.

All pages of a session share one set of keys, so a key that another page might use names its page.
"""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from deq.maps.formula import Formula, FormulaError, parse_formula
from deq.maps.notation import latex
from deq.maps.presets import OWN_FORMULA, PRESETS, Preset
from deq.maps.scalar import ScalarMap
from pages.ui.widgets.glossary import tip

A_RANGE = (-4.0, 4.0)  # the same for all presets: another range would make another widget
WIDTH_LEAST = 1e-3
EXAMPLES: dict[str, tuple[str, dict[str, float]]] = {  # label -> preset, and what differs from its defaults
    "Two states": ("tanh(a x + b)", {}),
    "Chaos": ("logistic map", {"a": 3.9}),
    "Chaos, tamed by damping": ("logistic map", {"a": 3.9, "map_damping": 0.5}),
    "Digits that double": ("Babylonian square root", {}),
}


@dataclass(frozen=True)
class MapSettings:
    """Values of the controls. f with a and b is the map, g the damped map that is iterated."""

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


def map_controls(damping_label: str = "Damping") -> MapSettings | None:
    """Draw and read the controls; None, with a message on the page, if the formula cannot be used."""
    columns = st.columns([1.15, 1, 1, 1], gap="medium")
    with columns[0]:
        name = st.selectbox("Map", list(PRESETS), key="preset", bind="query-params", on_change=_use_defaults)
        preset = PRESETS[name]
        text = _formula_text(name, preset)
    formula = _parse(text)
    if formula is not None:
        columns[0].markdown(f"$f(x) = {latex(formula.tree)}$")
    low, high, num_steps, sweep = _more_settings(name, preset)
    with columns[1]:
        a = slider("Parameter a", "a", *A_RANGE, preset.a)
        has_b = formula is not None and "b" in formula.variables
        b = slider("Parameter b", "b", *A_RANGE, preset.b) if has_b else preset.b
    with columns[2]:
        start = start_controls(name, low, high, min(max(preset.start, low), high))
    with columns[3]:
        damping = slider(damping_label, "map_damping", 0.05, 1.0, 1.0, help=tip("damping"))
    st.session_state["_a_seen"] = a
    if formula is None:
        return None
    settings = MapSettings(formula, a, b, start, damping, low, high, num_steps, sweep)
    return settings if _has_values(settings) else None


def map_examples() -> None:
    """A suggestion for the chosen map, and buttons for settings worth seeing."""
    st.markdown(f"**What to try.** {plain(PRESETS[st.session_state['preset']].try_this)}")
    with st.container(horizontal=True, gap="small"):
        for label, (preset, changes) in EXAMPLES.items():
            st.button(label, key=f"try-{label}", on_click=_apply, args=(preset, changes))


def start_key(name: str) -> str:
    """Key of the start, one for each map: windows differ, and each map remembers its own start."""
    return "start_" + "".join(c if c.isalnum() else "_" for c in name).strip("_").lower()


def set_start(x: float) -> None:
    """Move the start of the chosen map."""
    st.session_state[start_key(st.session_state["preset"])] = float(x)


def start_controls(name: str, low: float, high: float, default: float) -> float:
    """The start, by a slider and a number field that stay in step; a click on the cobweb moves both."""
    key, step = start_key(name), (high - low) / 200
    if key in st.session_state:  # the window changed, or a click on its edge
        st.session_state[key] = min(max(st.session_state[key], low), high)
    start = st.slider(
        "Start",
        low,
        high,
        default,
        step,
        format="%.3f",
        key=key,
        bind="query-params",
        persist_state="session",
    )
    st.session_state["start_field"] = start
    st.number_input(
        "Start as a number",
        low,
        high,
        step=step,
        format="%.5g",
        key="start_field",
        label_visibility="collapsed",
        on_change=_field_changed,
    )
    return start


def _field_changed() -> None:
    set_start(st.session_state["start_field"])


def _formula_text(name: str, preset: Preset) -> str:
    if name != OWN_FORMULA:
        return preset.formula
    text = st.text_input(
        "f(x)",
        preset.formula,
        key="formula",
        max_chars=400,
        bind="query-params",
        help="Numbers, x, a, b, + - \\* / \\*\\*, parentheses, sin cos tan tanh exp log sqrt abs sigmoid relu.",
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


def plain(text: str) -> str:
    """Text with Markdown's special characters escaped."""
    return "".join(f"\\{c}" if c in "\\`*_[]$~<>:#" else c for c in text)


def _more_settings(name: str, preset: Preset) -> tuple[float, float, int, tuple[float, float]]:
    """Number of steps, the window of your own formula, and the range of the sweep."""
    with st.expander("More settings", icon=":material/tune:"):
        left, middle, right = st.columns(3, gap="medium")
        num_steps = left.slider("Steps drawn", 5, 60, 30, key="steps_drawn", bind="query-params")
        sweep = right.slider("Sweep of a", *A_RANGE, preset.sweep, 0.05, key="sweep", bind="query-params")
        low, high = preset.low, preset.high
        if name == OWN_FORMULA:
            low = middle.number_input(
                "Window from", -1e6, 1e6, preset.low, key="window_from", bind="query-params"
            )
            high = middle.number_input("to", -1e6, 1e6, preset.high, key="window_to", bind="query-params")
            if high - low < WIDTH_LEAST * (1 + abs(low)):
                middle.warning("The window must end above its start; showing the default.")
                low, high = preset.low, preset.high
    return low, high, num_steps, sweep if sweep[1] > sweep[0] else preset.sweep


def slider(label: str, key: str, low: float, high: float, default: float, help: str | None = None) -> float:
    """A slider in steps of 0.01 whose value the URL and the session keep."""
    return round(
        st.slider(
            label,
            low,
            high,
            default,
            0.01,
            key=key,
            bind="query-params",
            persist_state="session",
            help=help,
        ),
        10,
    )


def _has_values(settings: MapSettings) -> bool:
    """Whether f is finite anywhere in the window; an error on the page if not."""
    if np.isfinite(settings.f(settings.window)).any():
        return True
    message = f"{settings.formula.text} has no finite value for x from {settings.low:g} to {settings.high:g} "
    st.error(plain(f"{message}at a = {settings.a:g}. Change a, the window or the formula."))
    return False


def _use_defaults() -> None:
    """A new map brings its own parameters, unless a was changed in the same run."""
    preset = PRESETS[st.session_state["preset"]]
    if st.session_state.get("a") == st.session_state.get("_a_seen"):
        st.session_state["a"] = preset.a
    st.session_state["b"], st.session_state["sweep"] = preset.b, preset.sweep


def _apply(name: str, changes: dict[str, float]) -> None:
    """Set the controls to a preset with changes."""
    preset = PRESETS[name]
    values = {"preset": name, "a": preset.a, "b": preset.b, "map_damping": 1.0, "sweep": preset.sweep}
    st.session_state.update(values | {start_key(name): preset.start} | changes)
