"""How it got there: by other solvers, from other starts, and many digits at once."""

import numpy as np
import streamlit as st

from deq.analysis.answers import Answer, answer_digits
from deq.analysis.explanation.parting import Parting, parting
from deq.analysis.explanation.starts import Ends, noise_starts, solve_from
from deq.data import held_out_digits
from deq.models.start import has_learned_start, plain_start
from deq.plots.comparison import race_by_nfe
from deq.plots.parting import parting_states
from deq.plots.state_plane import Trajectory, plane_paths, window_near
from deq.solvers import SOLVERS, Solver
from pages.ui.predict.results import NO_DIGITS, Case, landmarks_of
from pages.ui.readers.model import ModelInUse
from pages.ui.server.caches import cached, queued
from pages.ui.widgets.charts import show
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.text import rough

BESIDE = ("Picard", "ODE flow")  # drawn on the same axes as the chosen solver
LOOKS = ("This picture", "Sixteen starts", "Many digits")
STARTS = 16
FOLLOWED = 500  # test digits


def draw_how(case: Case) -> None:
    """The solve by several solvers, from random starts, or of many digits at once."""
    look = st.segmented_control(
        "Look at", LOOKS, default=LOOKS[0], required=True, key="predict_how", bind="query-params"
    )
    if look == LOOKS[0]:
        _solvers(case)
    elif look == LOOKS[1]:
        _starts(case)
    else:
        _parting(case)


def _solvers(case: Case) -> None:
    """The paths and residuals of the chosen solver, plain iteration and the flow, from one start."""
    found = {case.solver_name: case.answer} | {
        name: answer_digits(
            case.chosen.model, case.answer.image[None], SOLVERS[name].make({"tol": case.solver.tol})
        )[0]
        for name in BESIDE
        if name != case.solver_name
    }
    left, right = st.columns([3, 2], gap="large")
    with left:
        _plane(case, found)
    with right:
        curves = {name: (a.nfe, a.residual) for name, a in found.items()}
        figure = race_by_nfe(curves, float(case.solver.tol), height=420)
        show(figure, "residual", "The relative residual by each solver; dashed: the tolerance.")
    st.markdown(f"{arrival_sentence(found)} {start_sentence(case)}")


def start_sentence(case: Case) -> str:
    """What the model's learned start saves on this picture; empty if it has none."""
    if not has_learned_start(case.chosen.model):
        return ""
    [plain] = answer_digits(plain_start(case.chosen.model), case.answer.image[None], case.solver)
    if not (plain.converged and case.answer.converged):
        return ""
    saved = plain.evaluations - case.answer.evaluations
    words = f"saves **{saved}**" if saved > 0 else f"costs **{-saved}**" if saved < 0 else "saves **no**"
    many = "evaluation" if abs(saved) == 1 else "evaluations"
    return (
        f"The learned start {words} {many}: {case.solver_name} needs {plain.evaluations} without it, "
        f"{case.answer.evaluations} with it."
    )


def _plane(case: Case, found: dict[str, Answer]) -> None:
    if not case.chosen.reads_digits:
        st.info(f"The plane of the states is left out: {NO_DIGITS}")
        return
    try:
        plane = landmarks_of(case.chosen).plane
    except ValueError:  # the clock above says why
        return
    last_on_top = reversed(found.items())
    paths = [Trajectory(plane.project(a.states), a.converged, name) for name, a in last_on_top]
    figure = plane_paths(plane.points, plane.labels, tuple(plane.explained), paths)
    across, up = window_near([path.places for path in paths])
    figure.update_xaxes(range=across).update_yaxes(range=up)
    show(figure, "plane", "The same plane, closer; numerals are the equilibria of training digits.")


def _starts(case: Case) -> None:
    """The paths from random starts in the plane of the states, and in numbers where they end."""
    if not case.chosen.reads_digits:
        st.info(f"The comparison of starts is left out: {NO_DIGITS}")
        return
    try:
        marks = landmarks_of(case.chosen)
    except ValueError as error:
        st.warning(f"There are no other starts to try. {error}")
        return
    ends = solve_from(
        case.chosen.model, case.answer.image, noise_starts(marks.equilibria, STARTS), case.solver
    )
    plane = marks.plane
    ways = zip((plane.project(states) for states in ends.states[1:]), ends.converged[1:], strict=True)
    paths = [Trajectory(places[np.isfinite(places).all(axis=1)], bool(ok)) for places, ok in ways]
    figure = plane_paths(plane.points, plane.labels, tuple(plane.explained), paths)
    show(figure, "starts", "Squares: random starts. Lines: the solves from them, in the plane of the states.")
    st.markdown(starts_sentence(ends, float(case.solver.tol)), help=tip("path independence"))


def starts_sentence(ends: Ends, tol: float) -> str:
    """How many random starts converge, to which answer, and how far apart their equilibria are."""
    if not ends.converged[0]:
        return ":red[The solve from the model's own start did not converge,] so there is nothing to compare with."
    converged, count = ends.converged[1:], len(ends.labels) - 1
    if not converged.any():
        return f":red[None of {count} random starts converged.]"
    far = float(ends.distance[1:][converged].max())
    return (
        f"Of {count} random starts **{converged.sum()}** converged, **{ends.agree[1:].sum()}** to the same answer; no "
        f"equilibrium lies farther than {rough(100 * far)} % from that of the model's own start (tolerance "
        f"{rough(100 * tol)} %)."
    )


def _parting(case: Case) -> None:
    """Where the states of test digits are at each depth, by plain iteration or by the ODE."""
    if not case.chosen.reads_digits:
        st.info(f"This view is left out: {NO_DIGITS}")
        return
    by = st.segmented_control(
        "Solved by", BESIDE, default=BESIDE[0], required=True, key="predict_depth", bind="query-params"
    )
    try:
        found = parted(case.chosen, SOLVERS[by or BESIDE[0]].make({"tol": case.chosen.solver.tol}))
    except ValueError as error:
        st.warning(f"The digits cannot be followed. {error} Try the other solver, or another model.")
        return
    figure = parting_states(found.depth, found.places, found.labels, found.correct, found.explained)
    show(
        figure,
        "states-by-depth",
        "Numerals: the states of test digits at this depth, orange where misread. Press Reset, then Play.",
    )
    st.markdown(parting_sentence(found))


@queued(cached(16, "Following the digits"))
def parted(chosen: ModelInUse, solver: Solver) -> Parting:
    """The first test digits, from their start to their equilibrium."""
    digits = held_out_digits()
    return parting(chosen.model, digits.test_images[:FOLLOWED], digits.test_labels[:FOLLOWED], solver)


def parting_sentence(found: Parting) -> str:
    """The accuracy of answers read at the first depths and at the end."""
    early = [
        f"{100 * share:.0f} % after {at:.0f}" for at, share in zip(found.depth[:3], found.right, strict=False)
    ]
    end = f"at the equilibrium, after at most {found.depth[-1]:.0f}, **{100 * found.right[-1]:.1f} %**."
    lost = min(FOLLOWED, len(held_out_digits().test_labels)) - len(found.labels)
    left_out = f" :red[Not converged this way and left out: {lost}.]" if lost else ""
    return f"Read correctly: {', '.join(early)} evaluations; {end}{left_out}"


def arrival_sentence(found: dict[str, Answer]) -> str:
    """Which solvers converged, their cost, and how far apart their results are."""
    converged = {name: answer for name, answer in found.items() if answer.converged}
    costs = [f"{name} after **{answer.evaluations}** evaluations" for name, answer in converged.items()]
    lost = [f":red[{name} did not converge.]" for name in found if name not in converged]
    if not converged:
        return " ".join(lost)
    ends = [answer.states[-1].ravel() for answer in converged.values()]
    apart = max(float(np.linalg.norm(end - ends[0]) / np.linalg.norm(ends[0])) for end in ends)
    where = (
        f" All end within {rough(100 * apart)} % of the result of {next(iter(converged))}."
        if len(ends) > 1
        else ""
    )
    return f"Converged: {', '.join(costs)}.{where} {' '.join(lost)}"
