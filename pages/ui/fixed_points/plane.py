"""The tab Two numbers: the cell tanh(W z + x), its flow and iteration, basins, and the cost of a solve."""

import numpy as np
import streamlit as st

from deq.analysis.solved_maps import planar_flow, planar_nfe
from deq.maps.planar import PlanarFixedPoints, basins, grid_of_starts, planar_fixed_points, planar_orbits
from deq.plots.plane import basin_map, nfe_map
from deq.solvers import Solution
from pages.ui.fixed_points.live import live_portrait
from pages.ui.fixed_points.plane_controls import (
    HALF_WIDTH,
    MAX_NFE,
    PlaneSettings,
    plane_controls,
    plane_examples,
)
from pages.ui.fixed_points.words import cost_sentence, plane_sentence
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import show_code
from pages.ui.widgets.downloads import csv_button
from pages.ui.widgets.rows import show_formulas

SIZE, NUM_STEPS = 51, 25
TIMES = np.linspace(0, 25, 201)
SNIPPET = """
import numpy as np
from deq.analysis.solved_maps import planar_flow
from deq.maps.planar import PlanarCell, grid_of_starts, planar_fixed_points, planar_orbits, weights_from_eigenvalues
from deq.plots.plane import phase_portrait

cell = PlanarCell(weights_from_eigenvalues({radius}, {angle}), np.array([{x1}, {x2}]))
axis, grid = np.linspace(-2, 2, 51), grid_of_starts(51, 2.0)
starts = np.array([[{z1}, {z2}]])
fixed = planar_fixed_points(cell)
figure = phase_portrait(
    axis,
    (cell(grid) - grid).reshape(51, 51, 2),
    iteration=planar_orbits(cell, starts, {steps}),
    flow=planar_flow(cell, starts, np.linspace(0, 25, 201)),
    fixed=fixed.z,
    stable=fixed.stable_for_iteration,
)
print(fixed)
figure
"""


CELL = (
    r"f(z) = \tanh(W z + x)",
    r"W = r \begin{pmatrix} \cos\varphi & -\sin\varphi \\ \sin\varphi & \cos\varphi \end{pmatrix}",
    r"\lambda = r\,e^{\pm i \varphi}",
)


def draw_plane() -> None:
    """Examples, the live portrait, the maps over starts, the controls, data and code."""
    plane_examples()
    left, middle, right = st.columns([1.55, 1.4, 1], gap="medium")
    with right:
        settings = plane_controls()
    fixed = planar_fixed_points(settings.cell)
    with left:
        live_portrait(settings, fixed, NUM_STEPS)
    with middle.container(key="answer_maps"):
        label, solution = _maps(settings, fixed)
    with st.container(key="answer_plane"):
        st.markdown(plane_sentence(fixed))
        show_formulas(*CELL)
        _data(settings, fixed, label.ravel(), solution)
    z1, z2 = settings.start
    values = {"radius": settings.radius, "angle": settings.angle, "x1": settings.x1, "x2": settings.x2}
    show_code(SNIPPET.format_map(values | {"z1": z1, "z2": z2, "steps": NUM_STEPS}))


def _maps(settings: PlaneSettings, fixed: PlanarFixedPoints) -> tuple[np.ndarray, Solution]:
    """For each start on a grid: where the iteration ends (SIZE, SIZE), and what a solve costs."""
    axis, grid, shape = (
        np.linspace(-HALF_WIDTH, HALF_WIDTH, SIZE),
        grid_of_starts(SIZE, HALF_WIDTH),
        (SIZE, SIZE),
    )
    label = basins(settings.cell, fixed, grid).reshape(shape)
    with st.spinner("Solving from every start", show_time=False):
        solution = planar_nfe(settings.cell, grid, settings.solver)
    caption = "Basins of the iteration; grey: does not converge."
    show(basin_map(axis, label, fixed.z, stable=fixed.stable_for_iteration, height=270), "basins", caption)
    figure = nfe_map(axis, solution.nfe.reshape(shape), solution.converged.reshape(shape), height=270)
    show(figure, "evaluations-by-start", cost_sentence(settings.solver_name, solution, MAX_NFE))
    return label, solution


def _data(settings: PlaneSettings, fixed: PlanarFixedPoints, label: np.ndarray, solution: Solution) -> None:
    """The table of fixed points, and all data as files, computed while they are open."""
    box = st.expander(
        "Table of fixed points and data", key="plane_data", icon=":material/table:", on_change="rerun"
    )
    if not box.open:
        return
    start, grid = np.array([settings.start]), grid_of_starts(SIZE, HALF_WIDTH)
    iteration = planar_orbits(settings.cell, start, NUM_STEPS)
    flow = planar_flow(settings.cell, start, TIMES)
    table = {
        "z1": fixed.z[:, 0],
        "z2": fixed.z[:, 1],
        "|λ|": np.abs(fixed.eigenvalues).max(axis=1),
        "Re λ": fixed.eigenvalues.real.max(axis=1),
        "iteration": np.where(fixed.stable_for_iteration, "stable", "unstable"),
        "flow": np.where(fixed.stable_for_flow, "stable", "unstable"),
    }
    with box:
        st.dataframe(table, hide_index=True)
        with st.container(horizontal=True):
            csv_button("Download the fixed points", table, "planar-fixed-points.csv")
            starts = {"z1": grid[:, 0], "z2": grid[:, 1], "basin": label}
            cost = {"nfe": np.asarray(solution.nfe), "converged": np.asarray(solution.converged)}
            csv_button("Download basins and cost", starts | cost, "planar-starts.csv")
            csv_button(
                "Download the iteration", _long(np.arange(len(iteration)), iteration), "planar-iteration.csv"
            )
            csv_button("Download the flow", _long(TIMES, flow), "planar-flow.csv")


def _long(times: np.ndarray, paths: np.ndarray) -> dict[str, np.ndarray]:
    """Trajectories (steps, n, 2) as a long table."""
    steps, number, _ = paths.shape
    return {
        "start": np.tile(np.arange(number), steps),
        "t": np.repeat(times, number),
        "z1": paths[..., 0].ravel(),
        "z2": paths[..., 1].ravel(),
    }
