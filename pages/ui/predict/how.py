"""How it got there: the state's way through one plane, the classes and the residual meanwhile, unit by unit."""

import numpy as np
import streamlit as st

from deq.analysis.answers import Answer, answer_digits
from deq.plots.prediction import probability_paths
from deq.plots.residuals import residual_curve
from deq.plots.state_plane import plane_paths
from deq.plots.states import feature_maps, state_map
from deq.solvers import SOLVERS
from pages.ui.predict.results import Case, landmarks_of
from pages.ui.widgets.charts import show

BESIDE = ("Picard", "ODE flow")  # drawn on the same axes as the chosen solver


def draw_how(case: Case) -> None:
    """The plane beside the two curves, the units below."""
    answer = case.answer
    wide, narrow = st.columns([3, 2], gap="large")
    with wide:
        _plane(case)
    with narrow:
        paths = probability_paths(answer.nfe, answer.paths, height=250)
        show(paths, "paths", "What it would have said after every evaluation.")
        tol = float(case.solver.tol)
        curve = residual_curve(answer.nfe, answer.residual, tol, solver=case.solver_name)
        show(curve.update_layout(height=250), "residual", "How the state comes to rest.")
    if answer.states.ndim == 4:
        figure = feature_maps(answer.nfe, answer.states)
        show(figure, "maps", "The channels of the state, the liveliest first. Play it from the start.")
    else:
        figure = state_map(answer.nfe, answer.states.reshape(len(answer.states), -1))
        show(
            figure, "units", "Every unit of the state over the evaluations: columns stop changing at the end."
        )


def _plane(case: Case) -> None:
    """The chosen solver's way beside those of plain iteration and the flow, all from the same start."""
    found = {case.solver_name: case.answer} | {
        name: answer_digits(
            case.chosen.model, case.answer.image[None], SOLVERS[name].make({"tol": case.solver.tol})
        )[0]
        for name in BESIDE
        if name != case.solver_name
    }
    try:
        plane = landmarks_of(case.chosen).plane
    except ValueError as error:
        st.warning(f"No plane to draw in. {error} Train the model longer, or choose another.")
    else:
        last_on_top = reversed(found.items())
        ways = {name: (a.nfe, plane.project(a.states), a.converged) for name, a in last_on_top}
        figure = plane_paths(plane.points, plane.labels, tuple(plane.explained), ways)
        caption = (
            f"The state on its way, in the plane that shows most of {len(plane.labels)} training digits' "
            f"equilibria: {100 * plane.explained.sum():.0f} % of their variance. Discs are those equilibria."
        )
        show(figure, "plane", caption)
    st.markdown(meeting(found))


def meeting(found: dict[str, Answer]) -> str:
    """Whether the solvers arrived, at what cost, and how far apart."""
    arrived = {name: answer for name, answer in found.items() if answer.converged}
    costs = [f"{name} after **{answer.evaluations}** evaluations" for name, answer in arrived.items()]
    lost = [f":red[{name} did not converge.]" for name in found if name not in arrived]
    if not arrived:
        return " ".join(lost)
    ends = [answer.states[-1].ravel() for answer in arrived.values()]
    apart = max(float(np.linalg.norm(end - ends[0]) / np.linalg.norm(ends[0])) for end in ends)
    where = f" They end within {100 * apart:.2g} % of each other." if len(ends) > 1 else ""
    return f"Arrived: {', '.join(costs)}.{where} {' '.join(lost)}"
