"""Why this answer: the pixels that it rests on, the same digit distorted, other starts."""

import numpy as np
import streamlit as st

from deq.analysis.answers import answer_digits
from deq.analysis.explanation import Ends, noise_starts, occlusion, saliency, solve_from
from deq.images.distortion import Distortion
from deq.plots.prediction import digit_picture, pixel_map, probability_bars
from deq.plots.state_plane import plane_starts
from pages.ui.predict.results import Case, landmarks_of
from pages.ui.predict.words import bars_caption, verdict
from pages.ui.widgets.charts import show
from pages.ui.widgets.glossary import tip

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
NOISE_STARTS = 6


def draw_why(case: Case) -> None:
    """The evidence pixel by pixel, the same digit drawn otherwise, other starts."""
    if case.answer.converged:
        draw_evidence(case)
    else:
        st.warning("There is no equilibrium here, so there is none to differentiate. Try another solver.")
    draw_otherwise(case)
    draw_starts(case)


def draw_evidence(case: Case) -> None:
    """Saliency and occlusion for the label against a rival, side by side."""
    answer = case.answer
    others = [k for k in range(10) if k != answer.label]
    st.subheader(f"Which pixels speak for {answer.label}?", anchor=False)
    rival = st.segmented_control(
        "Rather than for",
        others,
        default=answer.rival,
        required=True,
        key=f"predict_rival_{answer.label}_{answer.rival}",
        help="At first the digit that it holds to be the next most probable.",
    )
    model, solver, pair = case.chosen.model, case.solver, (answer.label, rival)
    slope = saliency(model, answer.image[..., None].astype(np.float32) / 255, *pair, solver)
    hidden = occlusion(model, answer.image, *pair, solver)
    left, right = st.columns(2, gap="large")
    with left:
        figure = pixel_map(slope.gradient[..., 0], answer.image, "nats for full ink")
        caption = f"Red: more ink here would speak for {pair[0]}. Blue: it would speak for {pair[1]}."
        show(figure, "saliency", caption)
        if not slope.converged:
            st.warning("The gradient's own equation was not solved: take this map with care.")
    with right:
        figure = pixel_map(hidden.lost, answer.image, "nats lost when blanked")
        caption = f"Red: blank this place and evidence for {pair[0]} is lost. Blue: blanking it helps."
        show(figure, "occlusion", caption)
    st.markdown(evidence_words(slope.evidence, pair, hidden.labels))


def evidence_words(evidence: float, pair: tuple[int, int], labels: np.ndarray) -> str:
    """How strongly the label stands against the rival, and whether blanking a patch would change it."""
    label, rival = pair
    words = f"The evidence for {label} against {rival} is **{evidence:.1f} nats**"
    changed = labels[labels != label]
    if not changed.size:
        return f"{words}. No blank patch of 5 × 5 pixels changes the answer."
    turned = int(np.bincount(changed).argmax())
    return (
        f"{words}. {changed.size} of {labels.size} blank patches would change the answer, mostly to {turned}."
    )


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
    answer = answer_digits(case.chosen.model, image[None], case.solver)[0]
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


def draw_starts(case: Case) -> None:
    """The ways from noise and from other digits' equilibria, in one plane, and where they end."""
    st.subheader("Does it matter where the solve starts?", anchor=False, help=tip("path independence"))
    try:
        marks = landmarks_of(case.chosen)
    except ValueError as error:
        st.warning(f"No other starts to try. {error}")
        return
    noise = noise_starts(marks.equilibria, NOISE_STARTS)
    ends = solve_from(
        case.chosen.model, case.answer.image, np.concatenate([marks.equilibria, noise]), case.solver
    )
    st.markdown(starts_words(ends, float(case.solver.tol)))
    origins = [None, *marks.labels.tolist(), *[None] * NOISE_STARTS]
    ways = [
        (places[np.isfinite(places).all(axis=1)], origin, bool(ok))
        for places, origin, ok in zip(
            (marks.plane.project(states) for states in ends.states), origins, ends.converged, strict=True
        )
    ]
    plane = marks.plane
    figure = plane_starts(plane.points, plane.labels, tuple(plane.explained), ways)
    caption = "Squares are starts: noise in grey, the equilibria of other digits in those digits' colours."
    show(figure, "starts", caption)


def starts_words(ends: Ends, tol: float) -> str:
    """How many starts lead to the same equilibrium and label, and how far apart they end."""
    if not ends.converged[0]:
        return (
            ":red[The model's own start leads to no equilibrium,] so there is nothing to compare others with."
        )
    others = slice(1, None)  # the first is the model's own start
    agree, count = int(ends.agree[others].sum()), len(ends.labels) - 1
    arrived = ends.converged[others]
    lost = f" :red[{(~arrived).sum()} did not converge.]" if not arrived.all() else ""
    far = float(ends.distance[others][arrived].max(initial=0))
    return (
        f"From **{agree} of {count}** other starts the solve comes to the same answer, {ends.labels[0]}; "
        f"the equilibria found differ by at most {100 * far:.2g} % (tolerance {100 * tol:.2g} %).{lost}"
    )
