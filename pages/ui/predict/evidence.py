"""Which pixels speak for an answer, and which blank patches would change it."""

import numpy as np
import streamlit as st

from deq.analysis.explanation import occlusion, saliency
from deq.plots.prediction_why import pixel_map
from pages.ui.predict.case import Case
from pages.ui.widgets.charts import show


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
