"""The tab Four solvers: one map and start, solved by Picard, damped Picard, Anderson and Newton."""

from typing import Any

import numpy as np
import streamlit as st

from deq.analysis.solved_maps import MAX_NFE, race_solvers
from deq.plots.orbits import solver_distances
from deq.plots.residuals import residual_curves
from deq.solvers import Solution, Trace, error_estimate
from pages.ui.fixed_points.controls import MapSettings, row_of_controls
from pages.ui.fixed_points.words import number
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import show_code
from pages.ui.widgets.downloads import csv_button
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.text import counted, is_hidden, listed

TOL = 1e-10
SNIPPET = """
from deq.analysis.solved_maps import race_solvers
from deq.maps.formula import parse_formula
from deq.plots.residuals import residual_curves

f = parse_formula({formula!r})
race = race_solvers(f, {a}, {b}, {start}, damping={damping}, tol={tol})
for name, solution in race.items():
    print(name, solution.z.item(), int(solution.nfe[0]), bool(solution.converged[0]))
figure = residual_curves({{name: (s.trace.nfe, s.trace.residual) for name, s in race.items()}}, tol={tol})
figure
"""


def draw_solvers() -> None:
    """Controls, residual and distance against evaluations, a sentence, a table."""
    settings = row_of_controls()
    if settings is None:
        return
    with st.spinner("Compiling the solvers for this formula (once)", show_time=False):
        race = _race(settings)
    left, right = st.columns(2, gap="medium")
    curves = {name: (trace.nfe[0], trace.residual[0]) for name, trace in traces_of(race).items()}
    with left:
        show(
            residual_curves(curves, TOL),
            "race-residual",
            "Relative residual. The slope that Newton-Krylov needs counts as an evaluation; where the damping is 1, "
            "damped Picard uses 0.5.",
        )
    distances = distances_to_best(race)
    with right:
        if distances:
            show(
                solver_distances(distances),
                "race-distance",
                "Distance to the fixed point that each solver found.",
            )
    st.markdown(race_sentence(race))
    small = st.column_config.NumberColumn(format="%.1e", help=tip("estimated error"))
    formats = {"relative residual": st.column_config.NumberColumn(format="%.1e"), "estimated error": small}
    st.dataframe(_table(race), hide_index=True, column_config=formats)
    csv_button("Download the race", _iterates(race), "solvers.csv")
    show_code(SNIPPET.format_map(settings.named | {"damping": _damping(settings), "tol": TOL}))


def _damping(settings: MapSettings) -> float:
    """0.5 instead of 1, which would be Picard again."""
    return settings.damping if settings.damping < 1 else 0.5


def _race(settings: MapSettings) -> dict[str, Solution]:
    return race_solvers(
        settings.formula, settings.a, settings.b, settings.start, damping=_damping(settings), tol=TOL
    )


def race_sentence(race: dict[str, Solution]) -> str:
    """Which solvers converged, cheapest first, and which did not."""
    done = sorted((int(s.nfe[0]), name) for name, s in race.items() if s.converged[0])
    failed = [name for name, s in race.items() if not s.converged[0]]
    parts = [f"{name} in {counted(nfe, 'evaluation')}" for nfe, name in done]
    sentence = f"Converged: {', '.join(parts)}. " if parts else "No solver converged. "
    if failed and parts:
        sentence += f"Not converged within {MAX_NFE} evaluations: {', '.join(failed)}. "
    points = [float(s.z[0, 0]) for s in race.values() if s.converged[0]]
    if points and max(points) - min(points) > 1e-5 * (1 + max(map(abs, points))):
        sentence += "They found different fixed points. "
    errors = errors_of(race)
    slow = [name for _, name in done if is_hidden(errors[name], float(race[name].residual[0]))]
    if slow:
        sentence += f"{listed(slow)} converged slowly, so the estimated error is far above the residual. "
    unstable = "Anderson and Newton-Krylov can also reach fixed points that are unstable for the iteration."
    return sentence + (unstable if parts else "")


def errors_of(race: dict[str, Solution]) -> dict[str, float]:
    """The estimated error of each solver's x, relative to x as the residual is; NaN where unknown."""
    return {name: float(error_estimate(s)[0] / max(abs(s.z[0, 0]), 1e-30)) for name, s in race.items()}


def distances_to_best(race: dict[str, Solution]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Per converged solver: evaluations, and distance to its own result, both (n,)."""
    return {
        name: (np.asarray(trace.nfe[0]), np.abs(trace.z[0, :, 0] - race[name].z[0, 0]))
        for name, trace in traces_of(race).items()
        if race[name].converged[0]
    }


def traces_of(race: dict[str, Solution]) -> dict[str, Trace]:
    """The iterates of each solver."""
    return {name: solution.trace for name, solution in race.items() if solution.trace is not None}


def _iterates(race: dict[str, Solution]) -> dict[str, list[Any]]:
    """Every iterate of every solver, one per row."""
    columns: dict[str, list[Any]] = {"solver": [], "nfe": [], "residual": [], "x": []}
    for name, trace in traces_of(race).items():
        known = np.isfinite(trace.residual[0])
        columns["solver"] += [name] * int(known.sum())
        columns["nfe"] += trace.nfe[0][known].tolist()
        columns["residual"] += trace.residual[0][known].tolist()
        columns["x"] += trace.z[0, :, 0][known].tolist()
    return columns


def _table(race: dict[str, Solution]) -> dict[str, list[Any]]:
    return {
        "solver": list(race),
        "x": [number(float(s.z[0, 0])) for s in race.values()],
        "evaluations": [int(s.nfe[0]) for s in race.values()],
        "relative residual": [float(s.residual[0]) for s in race.values()],
        "estimated error": list(errors_of(race).values()),
        "verdict": ["converged" if s.converged[0] else "not converged" for s in race.values()],
    }
