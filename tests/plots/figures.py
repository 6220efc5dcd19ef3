"""Every figure function of deq.plots with data that draws all of its traces."""

from collections.abc import Callable

import numpy as np

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
from deq.plots.figure import Figure
from deq.plots.flows import flow_and_steps, phase_line
from deq.plots.front_page import cosine_picture, maze_picture, plane_picture
from deq.plots.gradients import gradient_curves, gradient_rows, memory_curves
from deq.plots.orbits import distance_curve, solver_distances
from deq.plots.parting import parting_states
from deq.plots.plane import basin_map, nfe_map, phase_portrait
from deq.plots.prediction import digit_picture, named_bars, pixel_map, probability_bars, probability_paths
from deq.plots.residuals import residual_curve, residual_curves
from deq.plots.state_plane import Trajectory, plane_paths
from deq.plots.style import solver_key, styled_figure
from deq.plots.sweeps import bifurcation_diagram
from deq.plots.test_set import confusion_matrix, detector_boxes, effort_and_doubt, reliability_diagram
from deq.plots.thinking import reach_map, wrong_places
from deq.plots.times import race_times
from deq.plots.toy import depth_trajectories, loss_curve, prediction_line
from deq.plots.training import compared_runs, fitted_curve

rng = np.random.default_rng(0)
N = np.arange(1, 7)  # counts of evaluations, or anything else that grows
X = np.linspace(-1, 1, 6)
FALL, RISE = 0.3**N, 1 - 0.5**N
MIXED = N < 5  # what converged
CLASSES = rng.dirichlet(np.ones(10), 6)
GRID = np.stack(np.meshgrid(X, X), axis=-1).reshape(-1, 2)
PLACES = rng.normal(size=(20, 2))
LABELS = np.arange(20) % 10
IMAGE = rng.integers(0, 256, (28, 28)).astype(np.uint8)
TRACES = np.tile(N, (3, 1)), rng.random((3, 6)) * FALL
RUNS = {"mlp": (10.0 * N, RISE, MIXED * 1.0), "conv": (N + 0.5, 0.5 * RISE, np.zeros(6))}
SHARES = (0.3, 0.2)

FIGURES: dict[str, Callable[[], Figure]] = {
    "certified_curves": lambda: certified_curves({"a": FALL, "b": RISE}, 1.0, 0.2, 0.4),
    "cobweb": lambda: cobweb(X, X**2, [0.9, 0.81, 0.66], g_x=X, fixed=[0.0, 1.0], stable=[True, False]),
    "race_by_nfe": lambda: race_by_nfe({"Picard": TRACES, "Anderson": TRACES}, 1e-4),
    "race_times": lambda: race_times({"Picard": (1, 2, 3), "ODE flow": (10, 20, 90)}, ["ODE flow"]),
    "work_precision_diagram": lambda: work_precision_diagram({"Broyden": (FALL, N, FALL, RISE)}, "ms"),
    "compute_curves": lambda: compute_curves({"Anderson": (N, RISE)}, "accuracy", 30),
    "effort_histogram": lambda: effort_histogram(N, MIXED, "Anderson"),
    "distance_strip": lambda: distance_strip({"zero": (FALL, MIXED), "random": (RISE, MIXED)}, 1e-4),
    "effort_and_accuracy": lambda: effort_and_accuracy(RUNS),
    "effort_and_loss": lambda: effort_and_loss(RUNS),
    "stability_regions": lambda: stability_regions(X + 0.5j, 0.5),
    "spectrum_regions": lambda: spectrum_regions(np.stack([2 * X + 0.5j, X - 0.5j]), 0.5),
    "flow_and_steps": lambda: flow_and_steps(N, FALL, RISE, 0.5, [0.0, 0.5]),
    "phase_line": lambda: phase_line(X, X**2, [0.0, 0.5], [True, False]),
    "cosine_picture": lambda: cosine_picture([0.1, 0.9, 0.6]),
    "plane_picture": lambda: plane_picture(rng.normal(size=(2, 5, 2)), [0.0, 0.1], "Picard"),
    "maze_picture": lambda: maze_picture(rng.integers(0, 3, (7, 7)), [[1, 1], [5, 3]]),
    "gradient_rows": lambda: gradient_rows(["GMRES", "phantom"], [1e-3, np.nan], [True, False]),
    "gradient_curves": lambda: gradient_curves(N, {"GMRES": FALL}, "tolerance", falling=True),
    "memory_curves": lambda: memory_curves({"through the ODE": (10 * N, RISE)}),
    "distance_curve": lambda: distance_curve(FALL, 0.3),
    "solver_distances": lambda: solver_distances({"Picard": (N, FALL), "Anderson": (N, FALL**2)}),
    "parting_states": lambda: parting_states(
        [1, 2], np.stack([PLACES, 2 * PLACES]), LABELS, np.stack([LABELS > 4, LABELS > 1]), SHARES
    ),
    "phase_portrait": lambda: phase_portrait(
        X,
        GRID.reshape(6, 6, 2),
        iteration=PLACES[:, None],
        flow=PLACES[:, None],
        fixed=[[0, 0]],
        stable=[True],
    ),
    "basin_map": lambda: basin_map(X, np.eye(6, dtype=int) - 1, [[0.0, 0.0]], stable=[True]),
    "nfe_map": lambda: nfe_map(X, np.arange(36).reshape(6, 6), np.eye(6, dtype=bool)),
    "digit_picture": lambda: digit_picture(IMAGE),
    "pixel_map": lambda: pixel_map(rng.normal(size=(7, 7)), IMAGE, "logits"),
    "probability_bars": lambda: probability_bars(CLASSES[0], converged=False),
    "named_bars": lambda: named_bars(CLASSES[0], [f"<{k}>" for k in range(10)]),
    "probability_paths": lambda: probability_paths(N, CLASSES),
    "residual_curve": lambda: residual_curve(N, FALL, 1e-5),
    "residual_curves": lambda: residual_curves({"Picard": TRACES, "Broyden": (N, FALL)}, 1e-3, legend=True),
    "plane_paths": lambda: plane_paths(
        PLACES,
        LABELS,
        SHARES,
        [Trajectory(PLACES[:6], True, "Picard"), Trajectory(PLACES[6:12], False)],
    ),
    "styled_figure": lambda: styled_figure("x", "y", y_type="log"),
    "solver_key": solver_key,
    "bifurcation_diagram": lambda: bifurcation_diagram(X, rng.random((50, 6)), RISE - 0.6, 0.2),
    "confusion_matrix": lambda: confusion_matrix(LABELS, LABELS[::-1]),
    "reliability_diagram": lambda: reliability_diagram(RISE, MIXED),
    "effort_and_doubt": lambda: effort_and_doubt(np.repeat(N, 12), rng.random(72), rng.random(72) > 0.5),
    "detector_boxes": lambda: detector_boxes(
        {"digits": RISE, "noise": FALL}, {"noise": 0.9}, "energy", 0.4, log=True
    ),
    "wrong_places": lambda: wrong_places({"warm": (N, N[::-1]), "cold": (N, N)}),
    "reach_map": lambda: reach_map(
        CLASSES, [9, 11, 13, 15, 17, 19], list(range(10)), 9, "rooms along a side"
    ),
    "prediction_line": lambda: prediction_line(X, 2 * X, MIXED, 2.0, (-0.5, 0.5)),
    "depth_trajectories": lambda: depth_trajectories(CLASSES, RISE),
    "loss_curve": lambda: loss_curve(N, FALL),
    "fitted_curve": lambda: fitted_curve(X, X**2, X, X**2, MIXED),
    "compared_runs": lambda: compared_runs({"one": (N, FALL), "two": (N, RISE)}, "loss", "log"),
}
