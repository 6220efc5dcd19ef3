"""The controls above the tabs of the Solvers page, all in the URL, and their settings."""

from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from deq.analysis.comparison.lineup import METHODS, SPLITTING, Lineup, racers_for
from deq.analysis.comparison.subjects import (
    DIGITS,
    NOISE,
    RANDOM,
    SPIRAL,
    STIFF,
    YOURS,
    Subject,
    subject_names,
)
from deq.plots.style import scientific
from deq.solvers import Solver
from pages.ui.readers.digit import own_digit
from pages.ui.readers.model import choose_model, model_of, own_digit_models, own_model, own_models
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.navigation import page
from pages.ui.widgets.rows import what_to_try

OWN = "your own weights"
DEFAULT_SOLVERS = ("Picard", "damped Picard", "Anderson", "Broyden", "ODE flow")
TOLERANCES = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6]
# What to try: label -> settings that differ from USUAL, and what to look for.
USUAL: dict[str, Any] = {
    "race_tol": 1e-4,
    "race_damping": 0.5,
    "race_memory": 5,
    "race_solvers": list(DEFAULT_SOLVERS),
}
EXAMPLES: dict[str, tuple[dict[str, Any], str]] = {
    "Digits made stiff": (
        {"race_model": "conv", "race_batch": STIFF},
        "Every pixel changed by at most an eighth of full ink to slow the solver down: Picard needs twice as long.",
    ),
    "A solver for monotone cells": (
        {"race_model": "monotone", "race_solvers": ["Picard", "Anderson", SPLITTING]},
        "Peaceman-Rachford converges on a monotone cell for all weights; Picard has no such guarantee.",
    ),
    "Where iteration fails": (
        {"race_model": SPIRAL},
        "Eigenvalues 0.5 ± i w, w up to 3: each application rotates the error, and enlarges it where w is above 0.87. "
        "Only the flow converges.",
    ),
    "Spectral radius near 1": (
        {"race_model": RANDOM, "race_radius": 0.99},
        "At 0.99 Picard needs more than the 300 evaluations allowed.",
    ),
    "Outside every region": (
        {"race_model": RANDOM, "race_radius": 1.2, "race_memory": 20},
        "A real part above 1: neither damping nor the flow converges. Anderson with a long memory does.",
    ),
}


@dataclass(frozen=True)
class Settings:
    """Values of the controls, as plain and hashable data."""

    subject: Subject
    solvers: tuple[str, ...]
    lineup: Lineup

    def solver(self, name: str) -> Solver:
        """The solver by its name on the page, with these settings."""
        return self.lineup.solver(name)


def read_settings() -> Settings | None:
    """Draw and read the controls; None, with a message on the page, while something is missing."""
    said, row = st.container(), st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        offered_models = [*subject_names(), *own_digit_models(), OWN]
        model = choose_model(offered_models, "race_model", said)
        batch, radius = _batch_or_radius(model, said)
        tol = _tolerance()
        more = st.popover("More settings", icon=":material/tune:")
    offered = _offered(model)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Solvers", width="content", help=tip("solver"))
        chosen = st.pills(
            "Solvers",
            offered,
            selection_mode="multi",
            default=DEFAULT_SOLVERS,
            key="race_solvers",
            bind="query-params",
            label_visibility="collapsed",
            wrap=True,
        )
    with more:
        size, seed, lineup = _more_settings()
    subject = _subject(model, batch, size, seed, radius)
    solvers = tuple(name for name in offered if name in chosen)
    if not solvers:
        st.info("Choose at least one solver.")
    return Settings(subject, solvers, Lineup(tol=tol, **lineup)) if subject and solvers else None


def draw_examples() -> None:
    """Buttons for settings worth seeing."""
    with what_to_try():
        for label, (values, seen) in EXAMPLES.items():
            set_to = USUAL | values
            st.button(label, key=f"try-{label}", on_click=st.session_state.update, args=(set_to,), help=seen)


def _batch_or_radius(model: str, said: DeltaGenerator) -> tuple[str | None, float]:
    """The batch of a model that reads digits, or the spectral radius of the random cell. said: where to ask for one."""
    if model == RANDOM:
        radius = st.slider(
            "Spectral radius",
            0.1,
            1.5,
            0.9,
            0.01,
            key="race_radius",
            bind="query-params",
            help=tip("spectral radius"),
        )
        return None, radius
    choices = [DIGITS, NOISE, STIFF, YOURS] if model == OWN else Subject(model).batches
    if len(choices) == 1:
        st.selectbox(
            "Batch", choices, key="race_only_batch", disabled=True, help="Normally distributed random inputs."
        )
        return None, 0.9
    batch = st.selectbox("Batch", choices, key="race_batch", bind="query-params", help=tip("batch"))
    if batch == YOURS and not own_digit():
        with said.container(horizontal=True):
            st.caption("You have no digit yet: these are test digits.", width="content")
            st.page_link(page("predict"), label="Draw or upload one", icon=":material/edit:")
        return DIGITS, 0.9
    return batch, 0.9


def _tolerance() -> float:
    return st.select_slider(
        "Tolerance",
        TOLERANCES,
        1e-4,
        format_func=scientific,
        key="race_tol",
        bind="query-params",
        help=tip("tolerance"),
    )


def _more_settings() -> tuple[int, int, dict[str, Any]]:
    """Batch size, seed, and settings of single solvers."""
    left, middle, right = st.columns(3, gap="medium")
    size = left.select_slider(
        "Batch size", [8, 16, 32, 64, 128, 256], 64, key="race_size", bind="query-params"
    )
    seed = left.number_input("Seed", 0, 9999, 0, key="race_seed", bind="query-params", help=tip("seed"))
    lineup: dict[str, Any] = {
        "method": left.selectbox(
            "Method of the ODE flow",
            list(METHODS),
            key="race_method",
            bind="query-params",
            help=f"{tip('ODE flow')} Tsit5 and Dopri5 are Runge-Kutta methods of order 5, Heun of order 2.",
        ),
        "damping": middle.slider(
            "Damping", 0.05, 0.95, 0.5, 0.05, key="race_damping", bind="query-params", help=tip("damping")
        ),
        "max_nfe": middle.slider(
            "Evaluations allowed", 20, 500, 300, 10, key="race_max_nfe", bind="query-params", help=tip("NFE")
        ),
        "memory": right.slider(
            "Memory of Anderson", 1, 20, 5, key="race_memory", bind="query-params", help=tip("memory")
        ),
        "rank": right.slider(
            "Rank of Broyden", 1, 40, 10, key="race_rank", bind="query-params", help=tip("rank")
        ),
        "krylov": right.slider(
            "Krylov space of Newton-Krylov",
            1,
            20,
            10,
            key="race_krylov",
            bind="query-params",
            help=tip("Krylov space"),
        ),
    }
    return int(size), int(seed), lineup


def _subject(model: str, batch: str | None, size: int, seed: int, radius: float) -> Subject | None:
    """The chosen problem; None while weights are missing."""
    own = own_models().get(model)
    weights = own.weights if own else b""
    if model == OWN:
        weights = _uploaded_weights()
        if not weights:
            return None
    usual = DIGITS if weights else NOISE
    digit = own_digit() if batch == YOURS else b""
    return Subject(model, batch or usual, 1 if digit else size, seed, radius, weights, digit)


def _uploaded_weights() -> bytes:
    """The weights in a file; empty, with a message on the page, while there is none."""
    upload = st.file_uploader("Weights (.safetensors)", ["safetensors"], key="race_weights")
    if upload is None:
        st.info("Upload a .safetensors file, from `python -m deq train` or the Train page.")
        return b""
    if not upload.size:  # a Subject without weights would be a shipped model
        st.error("The file is empty. Upload a .safetensors file.")
    elif not _reads_digits(upload.getvalue()):
        st.error(
            "The solvers are compared on digits, which these weights do not read. Upload a model trained on digits."
        )
        return b""
    return upload.getvalue()


def _reads_digits(weights: bytes) -> bool:
    """Also for weights that cannot be read: the page says why."""
    try:
        model_of(weights)
    except ValueError:
        return True
    return own_model("", weights).reads_digits


def _offered(model: str) -> list[str]:
    """The solvers that can run on a model."""
    own = own_models().get(model)
    return racers_for(Subject(model, weights=own.weights if own else b""))
