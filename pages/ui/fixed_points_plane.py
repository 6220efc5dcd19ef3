"""The tab of two numbers: the cell tanh(W z + x), its flow and iteration, basins, and what a solve costs."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from deq.exploration import planar_flow, planar_nfe
from deq.maps import (
    PlanarCell,
    PlanarFixedPoints,
    basins,
    grid_of_starts,
    planar_fixed_points,
    planar_orbits,
    weights_from_eigenvalues,
)
from deq.plots.plane import basin_map, nfe_map, phase_portrait
from deq.solvers import Anderson, NewtonKrylov, ODEFlow, Picard, Solution, Solver
from pages.ui.charts import show
from pages.ui.code import show_code
from pages.ui.downloads import csv_button
from pages.ui.glossary import tip

SIZE, HALF_WIDTH = 51, 2.0
TIMES = np.linspace(0, 25, 201)
MAX_NFE = 300
SOLVERS: dict[str, Solver] = {
    "Picard": Picard(tol=1e-6, max_nfe=MAX_NFE),
    "damped Picard": Picard(tol=1e-6, max_nfe=MAX_NFE, damping=0.5),
    "Anderson": Anderson(tol=1e-6, max_nfe=MAX_NFE, memory=2),
    "Newton-Krylov": NewtonKrylov(tol=1e-6, max_nfe=MAX_NFE, krylov=2),
    "ODE flow": ODEFlow(tol=1e-6, max_nfe=MAX_NFE),
}
TRIES = {  # label -> radius, angle, x1, x2
    "Contraction": (0.9, 40, 0.3, -0.2),
    "Only the flow settles": (1.5, 120, 0.3, -0.2),
    "Four memories": (1.5, 0, 0.05, 0.0),
    "Both go round": (1.6, 25, 0.0, 0.0),
}
CELL = r"""f(z) = \tanh(W z + x), \qquad
W = r \begin{pmatrix} \cos\varphi & -\sin\varphi \\ \sin\varphi & \cos\varphi \end{pmatrix}, \qquad
\lambda = r\,e^{\pm i \varphi}"""
SNIPPET = """
import numpy as np
from deq.exploration import planar_flow
from deq.maps import PlanarCell, grid_of_starts, planar_fixed_points, planar_orbits, weights_from_eigenvalues
from deq.plots.plane import phase_portrait

cell = PlanarCell(weights_from_eigenvalues({radius}, {angle}), np.array([{x1}, {x2}]))
axis, grid = np.linspace(-2, 2, 51), grid_of_starts(51, 2.0)
angle = 2 * np.pi * (np.arange(8) + 0.3) / 8
starts = 1.8 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
fixed = planar_fixed_points(cell)
figure = phase_portrait(
    axis,
    (cell(grid) - grid).reshape(51, 51, 2),
    iteration=planar_orbits(cell, starts, 25),
    flow=planar_flow(cell, starts, np.linspace(0, 25, 201)),
    fixed=fixed.z,
    stable=fixed.stable_for_iteration,
)
print(fixed)
figure
"""


@dataclass(frozen=True)
class PlaneSettings:
    radius: float
    angle: float
    x1: float
    x2: float
    solver: str

    @property
    def cell(self) -> PlanarCell:
        return PlanarCell(weights_from_eigenvalues(self.radius, self.angle), np.array([self.x1, self.x2]))


def draw_plane() -> None:
    """Controls, a sentence, the portrait, basins and cost, data and code."""
    settings = _controls()
    cell, fixed = settings.cell, planar_fixed_points(settings.cell)
    st.markdown(plane_sentence(fixed))
    axis, grid = np.linspace(-HALF_WIDTH, HALF_WIDTH, SIZE), grid_of_starts(SIZE, HALF_WIDTH)
    starts = ring_of_starts(8)
    iteration = planar_orbits(cell, starts, 25)
    velocity = (cell(grid) - grid).reshape(SIZE, SIZE, 2)
    label = basins(cell, fixed, grid).reshape(SIZE, SIZE)
    with st.spinner("Solving from every start", show_time=False):
        flow = planar_flow(cell, starts, TIMES)
        solution = planar_nfe(cell, grid, SOLVERS[settings.solver])
    left, right = st.columns([3, 2], gap="medium")
    with left:
        stable = fixed.stable_for_iteration
        figure = phase_portrait(axis, velocity, iteration=iteration, flow=flow, fixed=fixed.z, stable=stable)
        show(figure, "portrait", "Filled discs attract the iteration; grey arrows are the flow.")
    with right:
        show(
            basin_map(axis, label, fixed.z, height=330),
            "basins",
            "Basins of the iteration; grey: it never settles.",
        )
        shape = (SIZE, SIZE)
        figure = nfe_map(axis, solution.nfe.reshape(shape), solution.converged.reshape(shape), height=330)
        show(figure, "nfe", cost_sentence(settings.solver, solution))
    _tries()
    _data(fixed, grid, label.ravel(), solution, iteration, flow)
    show_code(SNIPPET.format(radius=settings.radius, angle=settings.angle, x1=settings.x1, x2=settings.x2))


def ring_of_starts(number: int) -> np.ndarray:
    """Starts on a circle of radius 1.8, (number, 2)."""
    angle = 2 * np.pi * (np.arange(number) + 0.3) / number
    return 1.8 * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _controls() -> PlaneSettings:
    columns = st.columns(4, gap="medium")
    bound = {"bind": "query-params", "persist_state": "session"}
    with columns[0]:
        radius = st.slider(
            "Radius r of the eigenvalues",
            0.0,
            3.0,
            0.9,
            0.01,
            key="w_radius",
            help=tip("eigenvalue"),
            **bound,
        )
    with columns[1]:
        angle = st.slider("Angle φ, degrees", 0, 180, 40, key="w_angle", **bound)
    with columns[2]:
        x1 = st.slider("Injection x1", -1.0, 1.0, 0.3, 0.01, key="x1", help=tip("injection"), **bound)
        x2 = st.slider("Injection x2", -1.0, 1.0, -0.2, 0.01, key="x2", **bound)
    with columns[3]:
        solver = st.selectbox("Solver of the cost map", list(SOLVERS), index=2, key="cost_of", **bound)
    st.latex(CELL)
    return PlaneSettings(radius, angle, x1, x2, solver)


def plane_sentence(fixed: PlanarFixedPoints) -> str:
    """How many fixed points, and which of the two motions settles on them."""
    number = len(fixed.z)
    iteration, flow = int(fixed.stable_for_iteration.sum()), int(fixed.stable_for_flow.sum())
    if number == 1:
        l = fixed.eigenvalues[0][0]
        size = f"df/dz there has eigenvalues of size {abs(l):.2f} and real part {l.real:.2f}"
        return (
            f"One fixed point: {size}, so the iteration (size below 1) {_settles(iteration)} "
            f"and the flow (real part below 1) {_settles(flow)}."
        )
    return f"{number} fixed points: {iteration} attract the iteration, {flow} attract the flow."


def _settles(number: int) -> str:
    return "settles" if number else "does not settle"


def cost_sentence(solver: str, solution: Solution) -> str:
    share = float(np.mean(solution.converged))
    if not share:
        return f"{solver}: not converged from any start within {MAX_NFE} evaluations."
    mean = float(np.mean(solution.nfe[solution.converged]))
    return f"{solver}: {mean:.1f} evaluations on average; converged from {100 * share:.3g} % of the starts."


def _tries() -> None:
    with st.container(horizontal=True, gap="small"):
        for label, values in TRIES.items():
            st.button(label, key=f"try-{label}", on_click=_apply, args=values)


def _apply(radius: float, angle: int, x1: float, x2: float) -> None:
    st.session_state.update({"w_radius": radius, "w_angle": angle, "x1": x1, "x2": x2})


def _data(
    fixed: PlanarFixedPoints,
    grid: np.ndarray,
    label: np.ndarray,
    solution: Solution,
    iteration: np.ndarray,
    flow: np.ndarray,
) -> None:
    table = {
        "z1": fixed.z[:, 0],
        "z2": fixed.z[:, 1],
        "|λ|": np.abs(fixed.eigenvalues).max(axis=1),
        "Re λ": fixed.eigenvalues.real.max(axis=1),
        "iteration": np.where(fixed.stable_for_iteration, "attracted", "repelled"),
        "flow": np.where(fixed.stable_for_flow, "attracted", "repelled"),
    }
    with st.expander("Table of fixed points and data", icon=":material/table:"):
        st.dataframe(table, hide_index=True)
        with st.container(horizontal=True):
            csv_button("Fixed points", table, "planar-fixed-points.csv")
            starts = {"z1": grid[:, 0], "z2": grid[:, 1], "basin": label}
            cost = {"nfe": solution.nfe, "converged": solution.converged}
            csv_button("Basins and cost", starts | cost, "planar-starts.csv")
            csv_button("Iteration", _long(np.arange(len(iteration)), iteration), "planar-iteration.csv")
            csv_button("Flow", _long(TIMES, flow), "planar-flow.csv")


def _long(times: np.ndarray, paths: np.ndarray) -> dict[str, np.ndarray]:
    """Trajectories (steps, n, 2) as a long table."""
    steps, number, _ = paths.shape
    return {
        "start": np.tile(np.arange(number), steps),
        "t": np.repeat(times, number),
        "z1": paths[..., 0].ravel(),
        "z2": paths[..., 1].ravel(),
    }
