"""Empty input draws an empty figure, with the axes named where they are shown."""

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import pytest

from deq.plots.certificates import certified_curves
from deq.plots.cobweb import cobweb
from deq.plots.comparison import (
    compute_curves,
    distance_strip,
    effort_histogram,
    race_by_nfe,
    work_precision_diagram,
)
from deq.plots.contenders import effort_and_accuracy, effort_and_loss
from deq.plots.eigenvalues import spectrum_regions, stability_regions
from deq.plots.flows import flow_and_steps, phase_line
from deq.plots.front_page import cosine_picture, maze_picture, plane_picture
from deq.plots.gradients import gradient_curves, gradient_rows, memory_curves
from deq.plots.orbits import distance_curve, solver_distances
from deq.plots.parting import parting_states
from deq.plots.plane import basin_map, nfe_map, phase_portrait
from deq.plots.prediction import digit_picture, probability_bars, probability_paths
from deq.plots.residuals import residual_curve, residual_curves
from deq.plots.state_plane import plane_paths
from deq.plots.sweeps import bifurcation_diagram
from deq.plots.test_set import confusion_matrix, effort_and_doubt, reliability_diagram
from deq.plots.thinking import reach_map, wrong_places
from deq.plots.training import compared_runs

NONE, SQUARE = np.empty(0), np.empty((0, 0))
NAMED: dict[str, Callable[[], go.Figure]] = {
    "residual_curve": lambda: residual_curve(NONE, NONE, 1e-3),
    "residual_curves": lambda: residual_curves({}, 1e-3),
    "parting_states": lambda: parting_states(NONE, np.empty((0, 0, 2)), NONE, np.empty((0, 0)), (0.3, 0.2)),
    "certified_curves": lambda: certified_curves({}, 1.0, None, None),
    "cobweb": lambda: cobweb(NONE, NONE, NONE),
    "distance_curve": lambda: distance_curve(NONE, 0.5),
    "solver_distances": lambda: solver_distances({}),
    "flow_and_steps": lambda: flow_and_steps(NONE, NONE, NONE, 1.0),
    "phase_line": lambda: phase_line(NONE, NONE, NONE, NONE),
    "stability_regions": lambda: stability_regions(NONE, 0.5),
    "spectrum_regions": lambda: spectrum_regions(SQUARE, 0.5),
    "bifurcation_diagram": lambda: bifurcation_diagram(NONE, SQUARE, NONE, 3.0),
    "phase_portrait": lambda: phase_portrait(NONE, np.empty((0, 0, 2))),
    "basin_map": lambda: basin_map(NONE, SQUARE, NONE),
    "nfe_map": lambda: nfe_map(NONE, SQUARE, SQUARE),
    "race_by_nfe": lambda: race_by_nfe({}, 1e-4),
    "work_precision_diagram": lambda: work_precision_diagram({}, "ms"),
    "compute_curves": lambda: compute_curves({}, "accuracy", 30),
    "effort_histogram": lambda: effort_histogram([], [], "Anderson"),
    "gradient_curves": lambda: gradient_curves([], {}, "spectral radius", falling=False),
    "memory_curves": lambda: memory_curves({}),
    "plane_paths": lambda: plane_paths(np.zeros((0, 2)), [], (0.0, 0.0), []),
    "probability_bars": lambda: probability_bars([]),
    "probability_paths": lambda: probability_paths([], []),
    "confusion_matrix": lambda: confusion_matrix([], []),
    "reliability_diagram": lambda: reliability_diagram([], []),
    "effort_and_doubt": lambda: effort_and_doubt([], [], []),
    "cosine_picture": lambda: cosine_picture([np.nan]),
    "plane_picture": lambda: plane_picture(np.empty((0, 5, 2)), [0.0, 0.0], "Picard"),
    "compared_runs": lambda: compared_runs({}, "loss"),
    "effort_and_accuracy": lambda: effort_and_accuracy({"mlp": ([], [], [])}),
    "effort_and_loss": lambda: effort_and_loss({}),
    "wrong_places": lambda: wrong_places({"wrong": (NONE, NONE)}),
    "reach_map": lambda: reach_map(SQUARE, [], [], 9, "rooms along a side"),
}
BARE: dict[str, Callable[[], go.Figure]] = {
    "distance_strip": lambda: distance_strip({}, 1e-4),
    "gradient_rows": lambda: gradient_rows([], [], []),
    "digit_picture": lambda: digit_picture([]),
    "maze_picture": lambda: maze_picture(np.empty((0, 0)), np.zeros((2, 2))),
}


@pytest.mark.parametrize("name", [*NAMED, *BARE])
def test_empty_input_draws_an_empty_figure(name: str) -> None:
    figure = (NAMED | BARE)[name]()
    assert not any(trace.x is not None and len(trace.x) for trace in figure.data)
    assert figure.layout.paper_bgcolor == "rgba(0, 0, 0, 0)"
    figure.to_json()
    if name in NAMED:
        assert figure.layout.xaxis.title.text
        assert figure.layout.yaxis.title.text
