"""The tab As an ODE: the flow x' = f(x) - x beside the iteration, and where each converges."""

import numpy as np
import streamlit as st

from deq.analysis.solved_maps import FAR, flow
from deq.maps.scalar import FixedPoints, fixed_points, orbit
from deq.plots.eigenvalues import stability_regions
from deq.plots.flows import flow_and_steps, phase_line
from pages.ui.fixed_points.controls import MapSettings, row_of_controls
from pages.ui.fixed_points.words import number
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import show_code
from pages.ui.widgets.downloads import csv_button
from pages.ui.widgets.text import signed

END = 15.0  # units of time
TIMES = np.linspace(0, END, 301)
SNIPPET = """
import numpy as np
from deq.analysis.solved_maps import flow
from deq.maps.formula import parse_formula
from deq.maps.scalar import ScalarMap, fixed_points, orbit
from deq.plots.flows import flow_and_steps

f = parse_formula({formula!r})
times = np.linspace(0, {end}, 301)
x_t = flow(f, {a}, {b}, {start}, times)  # Diffrax, Tsit5
euler = ScalarMap(f, {a}, {b}, damping={damping})  # one step of Euler's method
steps = orbit(euler, {start}, {num_steps})
fixed = fixed_points(euler, {low}, {high})
figure = flow_and_steps(times, x_t, steps, {damping}, fixed.x)
figure
"""


def draw_flow() -> None:
    """Controls, flow and iteration, a sentence, the phase line, the stability regions with their table."""
    settings = row_of_controls("Euler step = damping")
    if settings is None:
        return
    fixed = fixed_points(settings.f, settings.low, settings.high)
    num_steps = round(END / settings.damping)
    with st.spinner("Compiling the flow for this formula (once)", show_time=False):
        x_t = flow(settings.formula, settings.a, settings.b, settings.start, TIMES)
    steps = orbit(settings.g, settings.start, num_steps)
    drawn = np.where(np.abs(steps) < _far(settings), steps, np.nan)
    drawn_flow = np.where(np.abs(x_t) < _far(settings), x_t, np.nan)
    alt = "The flow and the iteration over time"
    show(flow_and_steps(TIMES, drawn_flow, drawn, settings.damping, fixed.x), "flow", alt=alt)
    st.markdown(_sentence(settings, x_t, steps))
    left, right = st.columns(2, gap="medium")
    with left:
        x = settings.window
        stable = fixed.slope < 1
        show(
            phase_line(x, settings.f(x) - x, fixed.x, stable),
            "phase-line",
            "Arrows: direction of the flow.",
        )
    with right:
        show(
            stability_regions(fixed.slope, settings.damping),
            "stability",
            "Diamonds: slope f' at each fixed point. Regions: where each method converges.",
        )
    _table(settings, fixed)
    with st.container(horizontal=True):
        csv_button("Download the flow", {"t": TIMES, "x": x_t}, "flow.csv")
        csv_button(
            "Download Euler's steps", {"t": settings.damping * np.arange(len(steps)), "x": steps}, "euler.csv"
        )
        csv_button("Download the phase line", {"x": x, "velocity": settings.f(x) - x}, "phase-line.csv")
    show_code(SNIPPET.format_map(settings.named | {"end": END, "num_steps": num_steps}))


def _far(settings: MapSettings) -> float:
    """Values beyond this are not drawn: they would flatten everything else."""
    return 3 * max(abs(settings.low), abs(settings.high), abs(settings.start))


def _sentence(settings: MapSettings, x_t: np.ndarray, steps: np.ndarray) -> str:
    name = (
        "Picard iteration (Euler's method with step 1)"
        if settings.damping == 1
        else (f"Euler's method with step {settings.damping:g} (Picard damped by {settings.damping:g})")
    )
    return f"The flow $\\dot x = f(x) - x$ {_end(settings, x_t)}. {name} {_end(settings, steps)}."


def _end(settings: MapSettings, x: np.ndarray) -> str:
    """Where a path is at its end, and whether it has settled there."""
    before, speed = (abs(float(settings.f(v)) - v) for v in (x[len(x) // 2], x[-1]))
    if not abs(x[-1]) <= FAR or (abs(x[-1]) > _far(settings) and not speed < before):
        return "diverges"
    settled = speed < 1e-3 * (1 + abs(x[-1]))
    return f"{'settles at' if settled else 'has not settled; it ends at'} {number(float(x[-1]), 4)}"


def _table(settings: MapSettings, fixed: FixedPoints) -> None:
    """Which method converges to which fixed point of the window."""
    beta = settings.damping
    rows = {
        "fixed point": [number(x, 6) for x in fixed.x],
        "λ = f'(x*)": [signed(slope, 4) for slope in fixed.slope],
        "Picard: |λ| < 1": [_yes(abs(slope) < 1) for slope in fixed.slope],
    }
    if beta < 1:  # a step of 1 is Picard
        title = f"step {beta:g}: |{1 - beta:g} + {beta:g} λ| < 1"
        rows[title] = [_yes(abs(1 - beta + beta * slope) < 1) for slope in fixed.slope]
    rows["flow: Re λ < 1"] = [_yes(slope < 1) for slope in fixed.slope]
    if len(fixed.x):
        st.dataframe(rows, hide_index=True)
    else:
        st.info("The window contains no isolated fixed point to list.")


def _yes(settles: bool) -> str:
    return "settles" if settles else "does not"
