"""Work and precision: the cost of each digit of the equilibrium."""

from collections.abc import Callable
from functools import partial

import numpy as np
import streamlit as st

from deq.analysis.comparison.timings import device_name
from deq.analysis.comparison.work_precision import WorkPrecision, known_median, precision_table
from deq.plots.comparison import work_precision_diagram
from deq.plots.style import scientific
from pages.ui.solvers.settings import Settings
from pages.ui.solvers.tables import PLAIN, SCIENTIFIC, TIMES, show_table, subject_code, time_sentence
from pages.ui.solvers.work import precision_of, precision_times_of, reference_of
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import imports_of, show_code, solvers_code
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.steps import Steps, in_steps
from pages.ui.widgets.text import SHARE, rough

FORMATS = {
    "tolerance": "%.0e",
    "error, median": SCIENTIFIC,
    "NFE, median": PLAIN,
    "converged": SHARE,
} | TIMES
TIMING = "Timing, solvers and tolerances in turn"
SNIPPET = """
{imports}
from deq.analysis.comparison import Subject, make_problem
from deq.analysis.comparison.work_precision import precision_table, time_precision, work_precision
from deq.analysis.comparison.reference import find_reference
from deq.plots.style import scientific

{problem}
reference = find_reference(problem)  # float64, residual at most 1e-12
solvers = {solvers}
curves = {{
    name: work_precision(problem, solver, reference, double={double})
    for name, solver in solvers.items()
}}
seconds = time_precision(problem, solvers, double={double})
print(precision_table(curves, seconds))
"""


def draw_precision(settings: Settings) -> None:
    """A sentence, error against NFE and against time, the table."""
    double = st.toggle("Solve in float64", key="race_double", bind="query-params", help=tip("float64"))
    steps: Steps = {"The reference in float64": lambda: reference_of(settings.subject)}
    steps |= {
        name: partial(precision_of, settings.subject, settings.solver(name), double)
        for name in settings.solvers
    }
    solvers = tuple(settings.solver(name) for name in settings.solvers)
    steps |= {TIMING: lambda: precision_times_of(settings.subject, settings.solvers, solvers, double)}
    found = in_steps("precision", (settings, double), steps)
    curves = {name: curve for name, curve in found.items() if isinstance(curve, WorkPrecision)}
    seconds: dict[str, np.ndarray] = found.get(TIMING, {})
    if not curves:
        return
    st.markdown(precision_sentence(curves) + fastest_sentence(curves, seconds))
    left, right = st.columns(2, gap="medium")
    with left:
        show(
            work_precision_diagram(
                _points(curves, lambda name: np.median(curves[name].nfe, axis=1)), "evaluations of f, median"
            ),
            "precision-nfe",
            "One point per tolerance, 1e-1 to 1e-7; red cross: some samples did not converge.",
        )
    with right:
        if seconds:
            _show_times(curves, seconds)
    show_table(precision_table(curves, seconds), FORMATS, "work-precision.csv")
    show_code(
        SNIPPET.format(
            imports=imports_of(solvers),
            problem=subject_code(settings.subject),
            solvers=solvers_code(dict(zip(settings.solvers, solvers, strict=True))),
            double=double,
        )
    )


def _show_times(curves: dict[str, WorkPrecision], seconds: dict[str, np.ndarray]) -> None:
    """Error against time, with quartiles as bars."""
    ends = {name: 1e3 * np.quantile(taken, (0.25, 0.5, 0.75), axis=1) for name, taken in seconds.items()}
    points = _points(curves, lambda name: ends[name][1])
    bars = {name: (low, high) for name, (low, _, high) in ends.items()}
    rounds = next(iter(seconds.values())).shape[1]
    show(
        work_precision_diagram(points, "milliseconds, the whole batch", bars),
        "precision-time",
        f"The same against time on {device_name()}: median and quartiles of {rounds} rounds after compilation, in "
        "which solvers and tolerances take turns.",
    )


def _points(
    curves: dict[str, WorkPrecision], work: Callable[[str], np.ndarray]
) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Solver -> tolerance, work, median error, share of converged samples."""
    return {
        name: (
            curve.tol,
            work(name),
            np.array([known_median(row) for row in curve.error]),
            curve.converged.mean(axis=1),
        )
        for name, curve in curves.items()
    }


def fastest_sentence(curves: dict[str, WorkPrecision], seconds: dict[str, np.ndarray]) -> str:
    """The fastest at the smallest tolerance at which most solvers solve the whole batch."""
    solved = {name: np.all(curves[name].converged, axis=1) for name in seconds if name in curves}
    counts = np.sum(list(solved.values()), axis=0) if solved else np.zeros(1)
    if counts.max() < 2:
        return ""
    place = int(np.flatnonzero(counts == counts.max())[-1])
    rivals = {name: seconds[name][place] for name, done in solved.items() if np.asarray(done)[place]}
    tol = next(iter(curves.values())).tol[place]
    return f" {time_sentence(rivals, f' at a tolerance of {scientific(tol)}')}"


def precision_sentence(curves: dict[str, WorkPrecision]) -> str:
    """How the true error compares with the tolerance, and what the smallest tolerance costs."""
    name, curve = max(curves.items(), key=lambda item: item[1].converged.all(axis=1).sum())
    solved = curve.converged.all(axis=1)
    if not solved.any():
        return "No solver solved the whole batch at any tolerance; see Why."
    factor = np.nanmedian(curve.error[solved] / curve.tol[solved][:, None])
    last = int(np.flatnonzero(solved)[-1])
    tol, error = scientific(curve.tol[last]), scientific(np.nanmedian(curve.error[last]), 1)
    return (
        f"The residual is not the error: with {name} the error is about **{rough(factor)} times the tolerance**. The "
        f"smallest tolerance at which it solved the whole batch is {tol}, with {np.median(curve.nfe[last]):.0f} "
        f"evaluations and an error of {error}."
    )
