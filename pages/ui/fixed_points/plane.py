"""The tab Two numbers: the cell tanh(W z + x), its flow and iteration, basins, and the cost of a solve."""

import numpy as np
import streamlit as st

from deq.analysis.solved_maps import planar_flow, planar_nfe
from deq.maps.planar import PlanarFixedPoints, basins, grid_of_starts, planar_fixed_points, planar_orbits
from deq.plots.plane import basin_map, nfe_map, phase_portrait
from deq.solvers import Solution
from pages.ui.fixed_points.plane_controls import MAX_NFE, plane_controls, plane_examples
from pages.ui.fixed_points.words import cost_sentence, plane_sentence
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import show_code
from pages.ui.widgets.downloads import csv_button

SIZE, HALF_WIDTH = 51, 2.0
TIMES = np.linspace(0, 25, 201)
SNIPPET = """
import numpy as np
from deq.analysis.solved_maps import planar_flow
from deq.maps.planar import PlanarCell, grid_of_starts, planar_fixed_points, planar_orbits, weights_from_eigenvalues
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


def draw_plane() -> None:
    """Controls, a sentence, the portrait, basins and cost, data and code."""
    settings = plane_controls()
    cell, fixed = settings.cell, planar_fixed_points(settings.cell)
    st.markdown(plane_sentence(fixed))
    axis, grid = np.linspace(-HALF_WIDTH, HALF_WIDTH, SIZE), grid_of_starts(SIZE, HALF_WIDTH)
    starts = ring_of_starts(8)
    iteration = planar_orbits(cell, starts, 25)
    velocity = (cell(grid) - grid).reshape(SIZE, SIZE, 2)
    label = basins(cell, fixed, grid).reshape(SIZE, SIZE)
    with st.spinner("Solving from every start", show_time=False):
        flow = planar_flow(cell, starts, TIMES)
        solution = planar_nfe(cell, grid, settings.solver)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        stable = fixed.stable_for_iteration
        figure = phase_portrait(axis, velocity, iteration=iteration, flow=flow, fixed=fixed.z, stable=stable)
        show(figure, "portrait", "Filled discs: stable for the iteration. Grey arrows: the flow.")
    with right:
        show(
            basin_map(axis, label, fixed.z, height=330),
            "basins",
            "Basins of the iteration; grey: does not converge.",
        )
        shape = (SIZE, SIZE)
        figure = nfe_map(axis, solution.nfe.reshape(shape), solution.converged.reshape(shape), height=330)
        show(figure, "nfe", cost_sentence(settings.solver_name, solution, MAX_NFE))
    plane_examples()
    _data(fixed, grid, label.ravel(), solution, iteration, flow)
    show_code(SNIPPET.format(radius=settings.radius, angle=settings.angle, x1=settings.x1, x2=settings.x2))


def ring_of_starts(number: int) -> np.ndarray:
    """Starts on a circle of radius 1.8, (number, 2)."""
    angle = 2 * np.pi * (np.arange(number) + 0.3) / number
    return 1.8 * np.stack([np.cos(angle), np.sin(angle)], axis=1)


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
        "iteration": np.where(fixed.stable_for_iteration, "stable", "unstable"),
        "flow": np.where(fixed.stable_for_flow, "stable", "unstable"),
    }
    with st.expander("Table of fixed points and data", icon=":material/table:"):
        st.dataframe(table, hide_index=True)
        with st.container(horizontal=True):
            csv_button("Fixed points", table, "planar-fixed-points.csv")
            starts = {"z1": grid[:, 0], "z2": grid[:, 1], "basin": label}
            cost = {"nfe": np.asarray(solution.nfe), "converged": np.asarray(solution.converged)}
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
