"""Out-of-distribution inputs: does the solve reveal that this is not a digit?"""

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
from deq.plots.test_set import detector_boxes
from pages.ui.predict.results import Case, results_of
from pages.ui.readers.model import ModelInUse
from pages.ui.server.caches import cached
from pages.ui.widgets.charts import show

DIGITS = 500  # test digits, and strange inputs of each kind
SHOWN, ZOOM = 6, 2
ORDINARY = "digits"
LOGARITHMIC = {"residual": True, "NFE": False, "doubt": True}


def draw_strange(case: Case) -> None:
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
            chosen = images[np.linspace(0, len(images) - 1, SHOWN).astype(int)]
            strip = np.kron(np.hstack(list(chosen)), np.ones((ZOOM, ZOOM), np.uint8))
            st.image(
                strip, f"{kind}, {_read_as(strange[kind])}", width=28 * SHOWN * ZOOM, output_format="PNG"
            )


def _read_as(found: Detections) -> str:
    """For example: read as 8 in 64 % of 500, 3 % not converged."""
    counts = np.bincount(found.labels[found.converged], minlength=10)
    lost = 100 * (1 - found.converged.mean())
    words = (
        f"read as {counts.argmax()} in {100 * counts.max() / len(found.labels):.0f} % of {len(found.labels)}"
    )
    return f"{words}, {lost:.2g} % not converged" if lost else words


@st.cache_data(show_spinner=False)
def _inputs() -> dict[str, np.ndarray]:
    """Kind -> images that are not digits."""
    return make_ood_inputs(held_out_digits().test_images[:DIGITS, ..., 0])


def _budget(chosen: ModelInUse) -> int:
    """Evaluations after which half of the test digits have converged."""
    return int(np.median(results_of(chosen).nfe))


@cached(16, "Solving strange inputs")
def _readings(chosen: ModelInUse) -> dict[str, Detections]:
    """Kind -> readings, test digits first."""
    images = {ORDINARY: held_out_digits().test_images[:DIGITS, ..., 0]} | _inputs()
    budget = _budget(chosen)
    return {kind: score_inputs(chosen.model, shown, chosen.solver, budget) for kind, shown in images.items()}
