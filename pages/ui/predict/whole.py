"""The whole test set: what is mixed up, whether confidence is honest, what takes long, and what is no digit at all."""

import numpy as np
import streamlit as st

from deq.data import held_out_digits
from deq.models.calibration import calibration_error
from deq.models.inference import Results
from deq.plots.test_set import confusion_matrix, effort_and_doubt, reliability_diagram
from pages.ui.predict.results import Case, results_of
from pages.ui.predict.strange import draw_strange
from pages.ui.widgets.charts import show
from pages.ui.widgets.glossary import tip

SHOWN, ZOOM = 12, 4
ALL = "all mistakes"
VIEWS = ("Mistakes", "Confidence", "Strange inputs")


def draw_whole(case: Case) -> None:
    """The figures, then one view of the test set."""
    digits = held_out_digits()
    images, truth = digits.test_images[..., 0], digits.test_labels
    results = results_of(case.chosen)
    right = results.converged & (results.labels == truth)
    _figures(results, right)
    view = st.segmented_control(
        "Look at", VIEWS, default=VIEWS[0], required=True, key="predict_set", bind="query-params"
    )
    if view == "Mistakes":
        _mistakes(results, images, truth, right)
    elif view == "Confidence":
        _confidence(results, truth, right)
    else:
        draw_strange(case)


def _figures(results: Results, right: np.ndarray) -> None:
    with st.container(horizontal=True, gap="large"):
        st.metric("Right", f"{100 * right.mean():.2f} %", width="content")
        st.metric("Mistakes", f"{(~right).sum()} of {len(right):,}", width="content")
        st.metric("Evaluations", f"{results.nfe.mean():.1f}", help=tip("NFE"), width="content")
        share = 100 * results.converged.mean()
        st.metric("Converged", f"{share:.4g} %", help=tip("converged"), width="content")


def _mistakes(results: Results, images: np.ndarray, truth: np.ndarray, right: np.ndarray) -> None:
    """The confusion matrix beside the pictures behind it."""
    matrix, gallery = st.columns([1, 1.2], gap="large")
    solved = results.converged
    with matrix:
        figure = confusion_matrix(truth[solved], results.labels[solved])
        show(figure, "confusions", "How often a digit was read as another; right answers in grey.")
    with gallery:
        rows = _choose_mistakes(results, truth, np.flatnonzero(~right))
        rows = rows[np.argsort(-results.confidence[rows])][:SHOWN]
        with st.container(horizontal=True, gap="small"):
            for i in rows:
                enlarged = np.kron(images[i], np.ones((ZOOM, ZOOM), np.uint8))
                st.image(enlarged, mistake_words(results, truth, i), width=28 * ZOOM, output_format="PNG")
        st.caption(
            f"The surest first, at most {SHOWN}. Each with its label → what was read, how surely, its number."
        )


def _choose_mistakes(results: Results, truth: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Rows of all mistakes, or of one confusion, the most frequent first."""
    pairs = {i: f"{truth[i]} read as {results.labels[i]}" for i in wrong if results.converged[i]}
    names, counts = np.unique(list(pairs.values()), return_counts=True)
    options = [ALL, *(str(name) for name in names[np.argsort(-counts, kind="stable")])]
    chosen = st.selectbox("Which", options, key="predict_confusion")
    return wrong if chosen == ALL else np.array([i for i, name in pairs.items() if name == chosen])


def mistake_words(results: Results, truth: np.ndarray, i: int) -> str:
    """For example: 4 → 6, 98 %, no. 247."""
    if not results.converged[i]:
        return f"{truth[i]} → not converged, no. {i}"
    return f"{truth[i]} → {results.labels[i]}, {100 * results.confidence[i]:.0f} %, no. {i}"


def _confidence(results: Results, truth: np.ndarray, right: np.ndarray) -> None:
    """Is it right as often as it is sure, and does it hesitate where it errs?"""
    honest, hesitant = st.columns(2, gap="large")
    with honest:
        figure = reliability_diagram(results.confidence, results.labels == truth)
        show(
            figure,
            "reliability",
            "On the dashed line it is right as often as it is sure. Larger: more digits.",
        )
        error = 100 * calibration_error(results.probabilities, truth)
        st.markdown(f"Expected calibration error: **{error:.2f} %**.")
    with hesitant:
        figure = effort_and_doubt(results.nfe, 1 - results.confidence, right)
        show(figure, "effort", "Doubt by evaluations: median and 10 to 90 % band; rings are mistakes.")
        st.markdown(effort_words(results.nfe, right))


def effort_words(nfe: np.ndarray, right: np.ndarray) -> str:
    """Mistakes among the slowest tenth and among the rest."""
    slow = nfe > np.quantile(nfe, 0.9)
    if not slow.any():
        return "All take about as many evaluations."
    return (
        f"Of the {100 * slow.mean():.0f} % that take more than {np.quantile(nfe, 0.9):.0f} evaluations, "
        f"**{100 * (1 - right[slow].mean()):.1f} %** are mistakes; of the others "
        f"{100 * (1 - right[~slow].mean()):.1f} %."
    )
