"""What the predict page asks: which model and solver, and how to tell ink from paper."""

import streamlit as st

from deq.solvers import SOLVERS, Solver
from pages.ui.readers.model import ModelInUse, digit_readers, model_named
from pages.ui.readers.uploads import own_reader
from pages.ui.widgets.glossary import tip

SOLVER_HELP = "All that converge find the same equilibrium. Plain iteration needs a spectral radius below 1."
POLARITIES = {"find out": None, "dark ink": "dark", "light ink": "light"}


def model_controls() -> tuple[ModelInUse, str, Solver]:
    """The model, of those that ship or of this session, and the solver by its name on the page; both in the URL."""
    controls = st.container()
    own_reader("predict_weights", "model")
    left, right = controls.columns(2)
    name = left.selectbox(
        "Model", digit_readers(), key="model", bind="query-params", help=tip("deep equilibrium model")
    )
    solver_name = right.selectbox(
        "Solver", list(SOLVERS), 2, key="solver", bind="query-params", help=SOLVER_HELP
    )
    chosen = model_named(name)
    return chosen, solver_name, SOLVERS[solver_name].make({"tol": chosen.solver.tol})


def picture_controls(disabled: bool) -> tuple[str | None, float | None]:
    """How to tell ink from paper: polarity and threshold, each None to find out."""
    left, right = st.columns(2)
    polarity = left.selectbox("Ink", list(POLARITIES), key="ink", disabled=disabled)
    by_hand = right.toggle("Threshold by hand", key="by_hand", disabled=disabled)
    if not by_hand:
        return POLARITIES[polarity], None
    return POLARITIES[polarity], st.slider(
        "Threshold", 0.02, 0.9, 0.3, 0.02, key="threshold", disabled=disabled
    )
