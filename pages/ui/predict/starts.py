"""The same digit solved from other starts: does the answer depend on them?"""

import numpy as np
import streamlit as st

from deq.analysis.explanation import Ends, noise_starts, solve_from
from deq.plots.prediction_plane import plane_starts
from pages.ui.predict.case import Case
from pages.ui.predict.landmarks import landmarks_of
from pages.ui.widgets.charts import show
from pages.ui.widgets.glossary import tip

NOISE_STARTS = 6


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
