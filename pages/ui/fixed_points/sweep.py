"""The tab Sweep: the bifurcation diagram over a, and the Lyapunov exponent."""

import numpy as np
import streamlit as st

from deq.maps.scalar import Sweep, sweep_parameter
from deq.plots.sweeps import bifurcation_diagram
from pages.ui.fixed_points.controls import example_buttons, row_of_controls, suggestion
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import show_code
from pages.ui.widgets.downloads import csv_button

NUM_VALUES = 600
KEPT_IN_FILE = 32  # iterates of each a in the download
SNIPPET = """
import numpy as np
from deq.maps.formula import parse_formula
from deq.maps.scalar import sweep_parameter
from deq.plots.sweeps import bifurcation_diagram

f = parse_formula({formula!r})
a = np.linspace({first}, {last}, {number})
sweep = sweep_parameter(f, a, {b}, {start}, damping={damping})
figure = bifurcation_diagram(sweep.a, sweep.x, sweep.lyapunov, current={a})
figure
"""


def draw_sweep() -> None:
    """Controls, the diagram, a sentence, its data and code."""
    settings = row_of_controls()
    if settings is None:
        return
    values = np.linspace(*settings.sweep, NUM_VALUES)
    sweep = sweep_parameter(settings.formula, values, settings.b, settings.start, damping=settings.damping)
    if np.isnan(sweep.lyapunov).all():
        st.warning("Every orbit of this sweep diverges. Change the start, the damping or the range of a.")
    else:
        show(
            bifurcation_diagram(sweep.a, sweep.x, sweep.lyapunov, settings.a),
            "bifurcation",
            "Late iterates for each a, from one start; set the range of a under More settings.",
        )
        st.markdown(sweep_sentence(sweep))
    suggestion()
    example_buttons()
    late = {f"x_{k + 1}": sweep.x[-KEPT_IN_FILE + k] for k in range(KEPT_IN_FILE)}
    csv_button("Download the sweep", {"a": sweep.a, "lyapunov": sweep.lyapunov} | late, "sweep.csv")
    first, last = settings.sweep
    show_code(SNIPPET.format_map(settings.named | {"first": first, "last": last, "number": NUM_VALUES}))


def _percent(share: float) -> str:
    """Whole percent; neither 0 nor 100 where it is only nearly so."""
    return "under 1 %" if share < 0.005 else "over 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def sweep_sentence(sweep: Sweep) -> str:
    """The shares of orbits that settle, are chaotic or diverge."""
    diverged = np.isnan(sweep.lyapunov)
    chaotic = ~diverged & (sweep.lyapunov > 0.005)
    shares = {
        "settle on a point or cycle": ~diverged & ~chaotic,
        "are chaotic": chaotic,
        "diverge": diverged,
    }
    parts = [f"{_percent(share.mean())} {name}" for name, share in shares.items() if share.any()]
    return f"Orbits for a from {sweep.a[0]:g} to {sweep.a[-1]:g}: {', '.join(parts)}."
