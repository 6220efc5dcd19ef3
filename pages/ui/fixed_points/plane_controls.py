"""The controls of the planar cell: eigenvalues of its matrix, injection, solver; all in the URL."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from deq.maps.planar import PlanarCell, weights_from_eigenvalues
from deq.solvers import SOLVERS, Solver
from pages.ui.fixed_points.controls import typed_slider
from pages.ui.widgets.glossary import tip

HALF_WIDTH = 2.0  # of the square that is drawn
Z1, Z2, START = "z1_start", "z2_start", (-1.5, 1.2)  # keys of the start, and its default
MAX_NFE = 300
SIZES = {"tol": 1e-6, "max_nfe": MAX_NFE, "memory": 2, "krylov": 2, "rank": 2}  # the state has two entries
EXAMPLES = {  # label -> radius, angle, x1, x2
    "Contraction": (0.9, 40, 0.3, -0.2),
    "Only the flow settles": (1.5, 120, 0.3, -0.2),
    "Four stable states": (1.5, 0, 0.05, 0.0),
    "Neither settles": (1.6, 25, 0.0, 0.0),
}


@dataclass(frozen=True)
class PlaneSettings:
    radius: float
    angle: float
    x1: float
    x2: float
    solver_name: str
    start: tuple[float, float]

    @property
    def solver(self) -> Solver:
        return SOLVERS[self.solver_name].make(SIZES)

    @property
    def cell(self) -> PlanarCell:
        return PlanarCell(weights_from_eigenvalues(self.radius, self.angle), np.array([self.x1, self.x2]))


def plane_controls() -> PlaneSettings:
    """Draw the controls and read them."""
    radius = typed_slider(
        "Radius r",
        "w_radius",
        (0.0, 3.0),
        0.9,
        help="The size |λ| of both eigenvalues of W. " + tip("eigenvalue"),
    )
    angle = st.slider(
        "Angle φ, degrees", 0, 180, 40, key="w_angle", bind="query-params", persist_state="session"
    )
    x1 = typed_slider("Injection x1", "x1", (-1.0, 1.0), 0.3, help=tip("injection"))
    x2 = typed_slider("Injection x2", "x2", (-1.0, 1.0), -0.2)
    z1, z2 = st.columns(2)
    start = (_coordinate(z1, "Start z1", Z1, START[0]), _coordinate(z2, "Start z2", Z2, START[1]))
    solver = st.selectbox(
        "Solver for the map of evaluations",
        list(SOLVERS),
        2,
        key="cost_of",
        bind="query-params",
        persist_state="session",
    )
    return PlaneSettings(radius, angle, x1, x2, solver, start)


def _coordinate(place: DeltaGenerator, label: str, key: str, default: float) -> float:
    """One number of the start, which a drag in the picture moves too."""
    return place.number_input(
        label,
        -HALF_WIDTH,
        HALF_WIDTH,
        default,
        0.05,
        format="%.4g",
        key=key,
        bind="query-params",
        persist_state="session",
    )


def plane_examples() -> None:
    """Buttons for settings worth seeing."""
    with st.container(horizontal=True, gap="small", key="what_to_try_plane"):
        for label, values in EXAMPLES.items():
            st.button(label, key=f"try-{label}", on_click=_apply, args=values)


def _apply(radius: float, angle: int, x1: float, x2: float) -> None:
    st.session_state.update({"w_radius": radius, "w_angle": angle, "x1": x1, "x2": x2})
