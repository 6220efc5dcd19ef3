"""The same digit drawn otherwise: turned, moved, blurred, in noise, and what the model says to it."""

import streamlit as st

from deq.images.distortion import Distortion
from deq.plots.prediction import digit_picture, probability_bars
from pages.ui.predict.case import Case
from pages.ui.predict.words import bars_caption, verdict
from pages.ui.readers.reader import answers
from pages.ui.widgets.charts import show

SLIDERS = {  # setting of Distortion -> label, least, most, step
    "turn": ("Turn (degrees)", -180.0, 180.0, 5.0),
    "right": ("Shift right (pixels)", -10.0, 10.0, 0.5),
    "down": ("Shift down (pixels)", -10.0, 10.0, 0.5),
    "blur": ("Blur (pixels)", 0.0, 4.0, 0.1),
    "noise": ("Noise (of full ink)", 0.0, 1.0, 0.02),
}
EXAMPLES: dict[str, dict[str, float]] = {  # one click each; what is not named is at rest
    "As it was": {},
    "Upside down": {"turn": 180.0},
    "In a corner": {"right": 5.0, "down": -4.0},
    "Out of focus": {"blur": 2.0},
    "In the snow": {"noise": 0.5},
}


def draw_otherwise(case: Case) -> None:
    """Sliders and one-click examples for a distortion, and what the model says to it."""
    st.subheader("And if it were drawn otherwise?", anchor=False)
    with st.container(horizontal=True, gap="small"):
        for label, settings in EXAMPLES.items():
            st.button(label, key=f"predict_try_{label}", on_click=_distort, args=(settings,))
    asking, seen, said = st.columns([1.2, 1, 1.3], gap="large")
    with asking:
        distortion = Distortion(*(_slider(name, *how) for name, how in SLIDERS.items()))
    image = distortion(case.answer.image)
    answer = answers(image[None], case.chosen, case.solver)[0]
    with seen:
        show(digit_picture(image, height=220), "otherwise", "What the model sees now.")
    with said:
        bars = probability_bars(answer.probabilities, answer.converged, height=240)
        show(bars, "otherwise-bars", bars_caption(answer, case.chosen))
    st.markdown(verdict(answer, float(case.solver.tol)))


def _slider(name: str, label: str, least: float, most: float, step: float) -> float:
    return st.slider(label, least, most, 0.0, step, key=f"predict_{name}", bind="query-params")


def _distort(settings: dict[str, float]) -> None:
    for name in SLIDERS:
        st.session_state[f"predict_{name}"] = settings.get(name, 0.0)
