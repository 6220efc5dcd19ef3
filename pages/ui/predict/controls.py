"""The settings of the Predict page: model, solver, and how ink is separated from paper."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from deq.solvers import SOLVERS, Solver
from pages.ui.predict.readings import WHOLE
from pages.ui.readers.model import ModelInUse, choose_model, model_named, picture_models
from pages.ui.readers.weights import own_model_controls

SOLVER_HELP = (
    "When solvers converge, they nearly always find the same equilibrium. Plain iteration needs a spectral radius "
    "below 1."
)
POLARITIES = {"automatic": None, "dark ink": "dark", "light ink": "light"}


def model_controls(said: DeltaGenerator) -> tuple[ModelInUse, str, Solver]:
    """The model, shipped or of this browser, and the solver with its name on the page; both in the URL."""
    controls = st.container()
    own_model_controls("predict_weights", "model")
    left, right = controls.columns(2)
    with left:
        name = choose_model(picture_models(), "model", said)
    solver_name = right.selectbox(
        "Solver", list(SOLVERS), 2, key="solver", bind="query-params", help=SOLVER_HELP
    )
    chosen = model_named(name)
    return chosen, solver_name, SOLVERS[solver_name].make({"tol": chosen.solver.tol})


def picture_controls(chosen: ModelInUse, disabled: bool) -> tuple[str | None, float | None]:
    """How to separate ink from paper: polarity and threshold, each None for automatic; WHOLE: pictures kept whole."""
    whole = chosen.reader == "plain"
    disabled = disabled or whole
    left, right = st.columns(2)
    polarity = left.selectbox("Ink", list(POLARITIES), key="ink", disabled=disabled)
    by_hand = right.toggle("Set the ink threshold by hand", key="by_hand", disabled=disabled)
    if whole:
        return WHOLE
    if not by_hand:
        return POLARITIES[polarity], None
    return POLARITIES[polarity], st.slider(
        "Ink threshold",
        0.02,
        0.9,
        0.3,
        0.02,
        key="threshold",
        disabled=disabled,
        help="A pixel stronger than this, from 0 for paper to 1, counts as ink. Raise it if dirt is read, lower it if "
        "strokes are missing.",
    )
