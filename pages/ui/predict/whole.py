"""The whole test set: confusions, calibration, slow solves, and inputs that are not digits."""

import numpy as np
import streamlit as st

from deq.analysis.out_of_distribution import (
    DETECTORS,
    Detections,
    auroc_table,
    make_ood_inputs,
    score_inputs,
)
from deq.data import held_out_digits
from deq.images.pixels import enlarged
from deq.models.calibration import calibration_error
from deq.models.inference import Results
from deq.plots.test_set import confusion_matrix, detector_boxes, effort_and_doubt, reliability_diagram
from pages.ui.predict.results import NO_DIGITS, Case, results_of
from pages.ui.readers.model import ModelInUse
from pages.ui.server.caches import cached, queued
from pages.ui.widgets.charts import show
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.text import rough

SHOWN, ZOOM = 12, 4  # mistakes
SAMPLES, MAGNIFIED = 6, 2  # strange inputs of each kind
ALL = "all mistakes"
VIEWS = ("Mistakes", "Confidence", "Strange inputs")
DIGITS = 500  # test digits, and strange inputs of each kind
ORDINARY = "digits"
LOGARITHMIC = {"residual": True, "NFE": False, "doubt": True}


def draw_whole(case: Case) -> None:
    """The numbers, then one view of the test set."""
    if not case.chosen.reads_digits:
        st.info(
            f"The test set is left out: {NO_DIGITS} The Train page shows the test accuracy of each of your runs."
        )
        return
    digits = held_out_digits()
    images, truth = digits.test_images[..., 0], digits.test_labels
    results = results_of(case.chosen)
    right = results.right(truth)
    _numbers(results, right)
    view = st.segmented_control(
        "Look at", VIEWS, default=VIEWS[0], required=True, key="predict_set", bind="query-params"
    )
    if view == "Mistakes":
        _mistakes(results, images, truth, right)
    elif view == "Confidence":
        _confidence(results, truth, right)
    else:
        _strange(case)


def _numbers(results: Results, right: np.ndarray) -> None:
    with st.container(horizontal=True, gap="large"):
        st.metric("Accuracy", f"{100 * right.mean():.2f} %", width="content")
        st.metric("Mistakes", f"{(~right).sum()} of {len(right):,}", width="content")
        st.metric("Mean evaluations", f"{results.nfe.mean():.1f}", help=tip("NFE"), width="content")
        share = 100 * results.converged.mean()
        st.metric("Converged", f"{share:.4g} %", help=tip("converged"), width="content")


def _mistakes(results: Results, images: np.ndarray, truth: np.ndarray, right: np.ndarray) -> None:
    """The confusion matrix beside the misread pictures."""
    matrix, gallery = st.columns([1, 1.2], gap="large")
    solved = results.converged
    with matrix:
        figure = confusion_matrix(truth[solved], results.labels[solved])
        show(
            figure,
            "confusions",
            "How often each digit was read as another; correct answers are on the diagonal.",
        )
    with gallery:
        rows = _choose_mistakes(results, truth, np.flatnonzero(~right))
        rows = rows[np.argsort(-results.confidence[rows])][:SHOWN]
        with st.container(horizontal=True, gap="small"):
            for i in rows:
                st.image(
                    enlarged(images[i], ZOOM),
                    mistake_caption(results, truth, i),
                    width=28 * ZOOM,
                    output_format="PNG",
                )
        st.caption(f"Most confident first, at most {SHOWN}: label → prediction, confidence, index.")


def _choose_mistakes(results: Results, truth: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Rows of all mistakes, or of one confusion; the most frequent are listed first."""
    pairs = {i: f"{truth[i]} read as {results.labels[i]}" for i in wrong if results.converged[i]}
    names, counts = np.unique(list(pairs.values()), return_counts=True)
    options = [ALL, *(str(name) for name in names[np.argsort(-counts, kind="stable")])]
    chosen = st.selectbox("Which mistakes", options, key="predict_confusion")
    return wrong if chosen == ALL else np.array([i for i, name in pairs.items() if name == chosen])


def mistake_caption(results: Results, truth: np.ndarray, i: int) -> str:
    """For example: 4 → 6, 98 %, no. 247."""
    if not results.converged[i]:
        return f"{truth[i]} → not converged, no. {i}"
    return f"{truth[i]} → {results.labels[i]}, {100 * results.confidence[i]:.0f} %, no. {i}"


def _confidence(results: Results, truth: np.ndarray, right: np.ndarray) -> None:
    """Calibration, and whether slow solves are more often wrong."""
    calibration, effort = st.columns(2, gap="large")
    with calibration:
        solved = results.converged  # the others have no answer
        figure = reliability_diagram(results.confidence[solved], right[solved])
        show(
            figure,
            "reliability",
            "On the dashed line accuracy equals confidence. Larger dots: more digits.",
        )
        if solved.any():
            error = 100 * calibration_error(results.probabilities[solved], truth[solved])
            st.markdown(f"Expected calibration error: **{error:.2f} %**.")
    with effort:
        figure = effort_and_doubt(results.nfe, 1 - results.confidence, right)
        show(
            figure,
            "doubt-by-evaluations",
            "Doubt (1 − confidence) by evaluations: median and 10 to 90 % band; rings: mistakes.",
        )
        st.markdown(effort_sentence(results.nfe, right))


def effort_sentence(nfe: np.ndarray, right: np.ndarray) -> str:
    """The share of mistakes among the slowest tenth and among the rest."""
    slow = nfe > np.quantile(nfe, 0.9)
    if not slow.any():
        return "All digits take about the same number of evaluations."
    return (
        f"Of the {100 * slow.mean():.0f} % that take more than {np.quantile(nfe, 0.9):.0f} evaluations, "
        f"**{100 * (1 - right[slow].mean()):.1f} %** are wrong; of the others "
        f"{100 * (1 - right[~slow].mean()):.1f} %."
    )


def _strange(case: Case) -> None:
    """Samples of each kind, and how well each detector separates them from digits; the picture above is marked."""
    readings = _readings(case.chosen)
    ordinary = readings[ORDINARY]
    strange = {kind: found for kind, found in readings.items() if kind != ORDINARY}
    areas = auroc_table(ordinary, strange)
    st.markdown(strange_sentence(areas))
    _samples(strange)
    own = score_inputs(case.chosen.model, case.answer.image[None], case.chosen.solver, _budget(case.chosen))
    for column, (name, meaning) in zip(
        st.columns(len(DETECTORS), gap="medium"), DETECTORS.items(), strict=True
    ):
        with column:
            figure = detector_boxes(
                {kind: found.scores[name] for kind, found in readings.items()},
                {kind: table[name] for kind, table in areas.items()},
                name,
                float(own.scores[name][0]),
                log=LOGARITHMIC[name],
            )
            show(
                figure,
                f"detector-{name}",
                f"{name[0].upper() + name[1:]}: {meaning}. Bold: AUROC against digits.",
            )
    st.caption(
        "Boxes: the middle half. Whiskers: 90 %. Dotted line: the picture above. Draw a letter to see where it falls."
    )


def strange_sentence(areas: dict[str, dict[str, float]]) -> str:
    """The best detector for each kind, as Markdown."""
    best = {kind: max(table, key=lambda name: table[name]) for kind, table in areas.items()}
    parts = [f"{kind} by {name} (**{areas[kind][name]:.2f}**)" for kind, name in best.items()]
    return (
        "The network was trained on digits only, and gives an answer for anything. Best detectors "
        f"(AUROC: 1 is perfect, 0.5 is chance): {', '.join(parts)}."
    )


def _samples(strange: dict[str, Detections]) -> None:
    """A strip of samples of each kind, with the network's most frequent answer."""
    with st.container(horizontal=True, gap="medium"):
        for kind, images in _inputs().items():
            chosen = images[np.linspace(0, len(images) - 1, SAMPLES).astype(int)]
            strip = enlarged(np.hstack(list(chosen)), MAGNIFIED)
            st.image(
                strip,
                f"{kind}, {_read_as(strange[kind])}",
                width=28 * SAMPLES * MAGNIFIED,
                output_format="PNG",
            )


def _read_as(found: Detections) -> str:
    """For example: read as 8 in 64 % of 500, 3 % not converged."""
    counts = np.bincount(found.labels[found.converged], minlength=10)
    lost = 100 * (1 - found.converged.mean())
    words = (
        f"read as {counts.argmax()} in {100 * counts.max() / len(found.labels):.0f} % of {len(found.labels)}"
    )
    if lost == 100:
        return "none converged"
    return f"{words}, {rough(lost)} % not converged" if lost else words


@st.cache_data(show_spinner=False)
def _inputs() -> dict[str, np.ndarray]:
    """Kind -> images that are not digits."""
    return make_ood_inputs(held_out_digits().test_images[:DIGITS, ..., 0])


def _budget(chosen: ModelInUse) -> int:
    """Evaluations after which half of the test digits have converged."""
    return int(np.median(results_of(chosen).nfe))


@queued(cached(16, "Solving strange inputs"))
def _readings(chosen: ModelInUse) -> dict[str, Detections]:
    """Kind -> readings, test digits first."""
    images = {ORDINARY: held_out_digits().test_images[:DIGITS, ..., 0]} | _inputs()
    budget = _budget(chosen)
    return {kind: score_inputs(chosen.model, shown, chosen.solver, budget) for kind, shown in images.items()}
