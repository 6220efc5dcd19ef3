"""Why this answer: the pixels it depends on, and the digit distorted."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from deq.analysis.answers import answer_digits
from deq.analysis.explanation.occlusion import Occlusion, occlusion
from deq.analysis.explanation.saliency import saliency
from deq.images.distortion import Distortion
from deq.plots.prediction import digit_picture, pixel_map, probability_bars
from pages.ui.predict.results import Case
from pages.ui.predict.words import bars_caption, verdict_sentence
from pages.ui.readers.model import DIGITS
from pages.ui.widgets.charts import show
from pages.ui.widgets.text import plain

SLIDERS = {  # setting of Distortion -> label, least, most, step
    "turn": ("Turn (degrees)", -180.0, 180.0, 5.0),
    "right": ("Shift right (pixels)", -10.0, 10.0, 0.5),
    "down": ("Shift down (pixels)", -10.0, 10.0, 0.5),
    "blur": ("Blur (pixels)", 0.0, 4.0, 0.1),
    "noise": ("Noise (1 is full ink)", 0.0, 1.0, 0.02),
}
EXAMPLES: dict[str, dict[str, float]] = {  # one click each; other settings are 0
    "As it was": {},
    "Upside down": {"turn": 180.0},
    "In a corner": {"right": 5.0, "down": -4.0},
    "Out of focus": {"blur": 2.0},
    "In the snow": {"noise": 0.5},
}


def draw_why(case: Case) -> None:
    """The evidence pixel by pixel, and the digit distorted."""
    if case.answer.converged:
        draw_evidence(case)
    else:
        st.warning("There is no equilibrium here to differentiate. Try another solver.")
    draw_distorted(case)


def draw_evidence(case: Case) -> None:
    """Saliency and occlusion for the label against a rival, side by side."""
    answer, names = case.answer, case.chosen.names
    others = [k for k in range(len(names)) if k != answer.label]
    st.subheader(f"Which pixels favour {plain(names[answer.label])}?", anchor=False)
    rival = st.segmented_control(
        "Compared with",
        others,
        default=answer.rival,
        required=True,
        format_func=lambda k: plain(names[k]),
        key=f"predict_rival_{answer.label}_{answer.rival}",
        help="By default the second most probable.",
    )
    model, solver, pair = case.chosen.model, case.solver, (answer.label, rival)
    ours, theirs = (plain(names[k]) for k in pair)
    slope = saliency(model, answer.image[..., None].astype(np.float32) / 255, *pair, solver)
    hidden = occlusion(model, answer.image, *pair, solver)
    left, right = st.columns(2, gap="large")
    with left:
        figure = pixel_map(slope.gradient[..., 0], answer.image, "change of the evidence for full ink")
        caption = f"Saliency. Red: more ink here favours {ours}. Blue: it favours {theirs}."
        show(figure, "saliency", caption)
        if not slope.converged:
            st.warning("The backward solve did not converge, so this map may be wrong.")
    with right:
        lost = np.where(hidden.converged, hidden.lost, np.nan)
        figure = pixel_map(lost, answer.image, "evidence lost when blanked")
        caption = (
            f"Occlusion. Red: blanking this patch costs evidence for {ours}. Blue: blanking it adds evidence."
        )
        show(figure, "occlusion", caption)
    st.markdown(evidence_sentence(slope.evidence, pair, hidden, names))


def evidence_sentence(
    evidence: float, pair: tuple[int, int], blanked: Occlusion, names: Sequence[str] = DIGITS
) -> str:
    """The evidence in nats, and how many blank patches change the answer; a failed solve is no answer."""
    label, (ours, theirs) = pair[0], (plain(names[k]) for k in pair)
    total, failed = blanked.labels.size, int((~blanked.converged).sum())
    changed = blanked.labels[blanked.converged & (blanked.labels != label)]
    effect = "No blank patch of 5 × 5 pixels changes the answer."
    if changed.size:
        most = int(np.bincount(changed).argmax())
        effect = f"Blank patches that change the answer: {changed.size} of {total}, mostly to {plain(names[most])}."
    lost = f" :red[With some patches blank, {failed} of {total}, the solve does not converge;] these are left out."
    return (
        f"The evidence, log(p({ours}) / p({theirs})), is **{evidence:.1f}**. {effect}{lost if failed else ''}"
    )


def draw_distorted(case: Case) -> None:
    """Sliders and one-click examples for a distortion, and the model's answer."""
    st.subheader("What if the digit is distorted?", anchor=False)
    with st.container(horizontal=True, gap="small"):
        for label, settings in EXAMPLES.items():
            st.button(label, key=f"predict_try_{label}", on_click=_distort, args=(settings,))
    controls, picture, bars = st.columns([1.2, 1, 1.3], gap="large")
    with controls:
        distortion = Distortion(*(_slider(name, *how) for name, how in SLIDERS.items()))
    image = distortion(case.answer.image)
    answer = answer_digits(case.chosen.model, image[None], case.solver)[0]
    with picture:
        show(digit_picture(image, height=220), "distorted-digit", "What the model sees now.")
    with bars:
        names = case.chosen.other_names
        figure = probability_bars(answer.probabilities, answer.converged, height=240, names=names)
        show(figure, "distorted-probabilities", bars_caption(answer, case.chosen))
    st.markdown(verdict_sentence(answer, float(case.solver.tol), case.chosen.names))


def _slider(name: str, label: str, least: float, most: float, step: float) -> float:
    return st.slider(label, least, most, 0.0, step, key=f"predict_{name}", bind="query-params")


def _distort(settings: dict[str, float]) -> None:
    for name in SLIDERS:
        st.session_state[f"predict_{name}"] = settings.get(name, 0.0)
