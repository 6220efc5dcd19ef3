"""The pictures of the toy page, from cos x = x to the trained network."""

import numpy as np

from deq.maps.formula import parse_formula
from deq.maps.presets import PRESETS
from deq.maps.scalar import ScalarMap, fixed_points, orbit
from deq.plots.cobweb import cobweb
from deq.plots.style import NEUTRAL
from deq.plots.toy import depth_trajectories, loss_curve, prediction_line
from deq.training.toy import TRAINED_ON, ToyRun, ToyStudy
from pages.ui.widgets.charts import show
from pages.ui.widgets.links import link_to_picture
from pages.ui.widgets.text import signed

COSINE = "cos x"  # a map of Fixed points
REACH = 22.0  # of the window of z; twice the largest input is 20
NUM_STEPS, HEIGHT, LOWER = 25, 430, 320  # heights in pixels
LEVEL = {"t": 56, "b": 122}  # pixels: the player of the pictures beside it


def show_cosine() -> None:
    """The cobweb of cos x as Fixed points opens it, and the link there."""
    preset = PRESETS[COSINE]
    g = ScalarMap(parse_formula(preset.formula), preset.a)
    x, steps = np.linspace(preset.low, preset.high, 201), orbit(g, preset.start, NUM_STEPS)
    fixed = fixed_points(g, preset.low, preset.high)
    titles = ("x", "cos x")
    figure = cobweb(x, g(x), steps, fixed=fixed.x, stable=fixed.stable, titles=titles, height=HEIGHT)
    show(figure, "cosine", f"cos x = x: press cos {NUM_STEPS} times, and x is {steps[-1]:.4f}.")
    link_to_picture("Change the start", "fixed_points", {"preset": COSINE})


def show_cell(study: ToyStudy, x: float) -> None:
    """The cobweb of the network's layer at the input x: the staircase ends at its answer."""
    z = iterate(study, x)
    answer = equilibrium(study, x)
    stable = abs(study.slope) < 1
    reach = max(REACH, 1.1 * abs(answer)) if stable else REACH
    window = np.linspace(-reach, reach, 201)
    fixed = [answer] if np.isfinite(answer) else []
    figure = cobweb(
        window,
        study.cell(window, x),
        z,
        fixed=fixed,
        stable=[stable] * len(fixed),
        titles=("z", "f(z, x)"),
        height=HEIGHT,
    )
    ending = f"ends at z* = {signed(answer, 3)}" if stable else "does not settle"
    caption = f"z = f(z, x): the layer at x = {signed(x, 1)}, repeated from z = 0, {ending}."
    show(figure, "cell", caption.replace("*", r"\*"), alt=caption)


def show_predictions(study: ToyStudy, x: float) -> None:
    """The answers for all inputs against y = 2x, with a ring around that for the input x."""
    trained = float(TRAINED_ON[0]), float(TRAINED_ON[-1])
    figure = prediction_line(study.x, study.prediction, study.converged, 2.0, trained, height=HEIGHT)
    figure.update_layout(margin=LEVEL)
    ringed = abs(study.slope) < 1
    if ringed:
        ring = {"symbol": "circle-open", "size": 18, "color": NEUTRAL, "line": {"width": 2}}
        hover = "x = %{x:g}<br>z* = %{y:.3f}<extra></extra>"
        place = {"x": [x], "y": [equilibrium(study, x)]}
        figure.add_scatter(**place, mode="markers", marker=ring, hovertemplate=hover)
    seen = f"; ring: x = {signed(x, 1)}" if ringed else ""
    show(figure, "predictions", f"y = 2x: the answers inside and outside the training range{seen}.")


def show_depth(study: ToyStudy) -> None:
    seen = np.isin(study.x, TRAINED_ON)
    figure = depth_trajectories(study.values[seen], 2 * study.x[seen], height=LOWER)
    show(figure, "depth", "z at each depth for the ten training inputs; ticks mark the targets.")


def show_loss(run: ToyRun) -> None:
    show(loss_curve(run.step, run.loss, height=LOWER), "loss", "Training loss.")


def iterate(study: ToyStudy, x: float) -> np.ndarray:
    """z after 0 to 25 applications of the cell from z = 0: (26,)."""
    z = np.zeros(NUM_STEPS + 1)
    for k in range(NUM_STEPS):
        z[k + 1] = study.cell(z[k], x)
    return z


def equilibrium(study: ToyStudy, x: float) -> float:
    """z* = (s x + c) / (1 - s), where the cell is s (z + x) + c; NaN for s = 1."""
    return np.nan if study.slope == 1 else (study.slope * x + study.shift) / (1 - study.slope)


def trajectories(study: ToyStudy) -> dict[str, np.ndarray]:
    """z at each depth of every input as a long table, without the NaN past the ends."""
    inputs, depth = np.meshgrid(study.x, np.arange(study.values.shape[1]), indexing="ij")
    known = ~np.isnan(study.values)
    return {"x": inputs[known], "depth": depth[known], "z": study.values[known]}
