"""The controls of the planar cell: eigenvalues of its matrix, injection, solver; all in the URL."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from deq.maps.planar import PlanarCell, weights_from_eigenvalues
from deq.solvers import SOLVERS, Solver
from pages.ui.fixed_points.controls import slider
from pages.ui.widgets.formulas import show_formulas
from pages.ui.widgets.glossary import tip

MAX_NFE = 300
SIZES = {"tol": 1e-6, "max_nfe": MAX_NFE, "memory": 2, "krylov": 2, "rank": 2}  # the state has two entries
EXAMPLES = {  # label -> radius, angle, x1, x2
    "Contraction": (0.9, 40, 0.3, -0.2),
    "Only the flow settles": (1.5, 120, 0.3, -0.2),
    "Four memories": (1.5, 0, 0.05, 0.0),
    "Both go round": (1.6, 25, 0.0, 0.0),
}
CELL = (
    r"f(z) = \tanh(W z + x)",
    r"W = r \begin{pmatrix} \cos\varphi & -\sin\varphi \\ \sin\varphi & \cos\varphi \end{pmatrix}",
    r"\lambda = r\,e^{\pm i \varphi}",
)


@dataclass(frozen=True)
class PlaneSettings:
    radius: float
    angle: float
    x1: float
    x2: float
    solver_name: str

    @property
    def solver(self) -> Solver:
        return SOLVERS[self.solver_name].make(SIZES)

    @property
    def cell(self) -> PlanarCell:
        return PlanarCell(weights_from_eigenvalues(self.radius, self.angle), np.array([self.x1, self.x2]))


def plane_controls() -> PlaneSettings:
    """Draw the controls and read them."""
    columns = st.columns(4, gap="medium")
    with columns[0]:
        radius = slider("Radius r of the eigenvalues", "w_radius", 0.0, 3.0, 0.9, help=tip("eigenvalue"))
    with columns[1]:
        angle = st.slider(
            "Angle φ, degrees", 0, 180, 40, key="w_angle", bind="query-params", persist_state="session"
        )
    with columns[2]:
        x1 = slider("Injection x1", "x1", -1.0, 1.0, 0.3, help=tip("injection"))
        x2 = slider("Injection x2", "x2", -1.0, 1.0, -0.2)
    with columns[3]:
        solver = st.selectbox(
            "Solver of the cost map",
            list(SOLVERS),
            2,
            key="cost_of",
            bind="query-params",
            persist_state="session",
        )
    show_formulas(*CELL)
    return PlaneSettings(radius, angle, x1, x2, solver)


def plane_examples() -> None:
    """Buttons for settings worth seeing."""
    with st.container(horizontal=True, gap="small"):
        for label, values in EXAMPLES.items():
            st.button(label, key=f"try-{label}", on_click=_apply, args=values)


def _apply(radius: float, angle: int, x1: float, x2: float) -> None:
    st.session_state.update({"w_radius": radius, "w_angle": angle, "x1": x1, "x2": x2})
