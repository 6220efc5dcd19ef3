"""What the predict page asks: which model and solver, and how to tell ink from paper."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from deq.images import Digit, Ink, cut_digits, find_ink, read_picture
from deq.models.checkpoints import Checkpoint
from deq.solvers import Anderson, Broyden, NewtonKrylov, ODEFlow, Picard, Solver
from pages.ui.readers.models import SessionModel, session_models, session_readers
from pages.ui.readers.shipped import checkpoint, readers
from pages.ui.readers.weights import own_reader
from pages.ui.widgets.glossary import tip

SOLVERS: dict[str, Callable[[float], Solver]] = {  # name on the page -> the solver at a tolerance
    "Picard": lambda tol: Picard(tol=tol),
    "damped Picard": lambda tol: Picard(tol=tol, damping=0.5),
    "Anderson": lambda tol: Anderson(tol=tol),
    "Broyden": lambda tol: Broyden(tol=tol),
    "Newton-Krylov": lambda tol: NewtonKrylov(tol=tol),
    "ODE flow": lambda tol: ODEFlow(tol=tol),
}
SOLVER_HELP = "All that converge find the same equilibrium. Plain iteration needs a spectral radius below 1."
POLARITIES = {"find out": None, "dark ink": "dark", "light ink": "light"}


def model_controls() -> tuple[Checkpoint | SessionModel, str, Solver]:
    """The model, of those that ship or of this session, and the solver by its name on the page; both in the URL."""
    controls = st.container()
    own_reader("predict_weights", "model")
    left, right = controls.columns(2)
    names = [*readers(), *session_readers()]
    name = left.selectbox(
        "Model", names, key="model", bind="query-params", help=tip("deep equilibrium model")
    )
    solver_name = right.selectbox(
        "Solver", list(SOLVERS), 2, key="solver", bind="query-params", help=SOLVER_HELP
    )
    chosen = session_models().get(name) or checkpoint(name)
    solver = SOLVERS[solver_name](chosen.solver.tol)
    return chosen, solver_name, solver


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


@st.cache_data(scope="session", max_entries=4, show_spinner=False)
def read_upload(
    data: bytes, polarity: str | None, threshold: float | None
) -> tuple[np.ndarray, Ink, list[Digit]]:
    """The bytes of a file -> the picture, its ink and its digits. Raises PictureError."""
    picture = read_picture(data)
    ink = find_ink(picture, polarity)
    return picture, ink, cut_digits(ink, threshold)
