"""Work and precision: the cost of each digit of the equilibrium."""

from collections.abc import Callable
from functools import partial

import numpy as np
import streamlit as st

from deq.analysis.comparison.timings import device_name
from deq.analysis.comparison.work_precision import WorkPrecision, precision_table
from deq.plots.comparison import work_precision_diagram
from deq.plots.style import scientific
from pages.ui.solvers.settings import Settings
from pages.ui.solvers.tables import PLAIN, SCIENTIFIC, SHARE, show_table, subject_code
from pages.ui.solvers.work import precision_of, reference_of
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import imports_of, show_code, solvers_code
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.steps import Steps, in_steps

FORMATS = {
    "tolerance": "%.0e",
    "error, median": SCIENTIFIC,
    "NFE, median": PLAIN,
    "ms": PLAIN,
    "converged": SHARE,
}
SNIPPET = """
{imports}
from deq.analysis.comparison import Subject, make_problem
from deq.analysis.comparison.work_precision import precision_table, work_precision
from deq.analysis.comparison.reference import find_reference
from deq.plots.style import scientific

{problem}
reference = find_reference(problem)  # float64, residual at most 1e-12
solvers = {solvers}
curves = {{
    name: work_precision(problem, solver, reference, double={double})
    for name, solver in solvers.items()
}}
print(precision_table(curves))
"""


def draw_precision(settings: Settings) -> None:
    """A sentence, error against NFE and against time, the table."""
    double = st.toggle("Solve in float64", key="race_double", bind="query-params", help=tip("float64"))
    steps: Steps = {"The reference in float64": lambda: reference_of(settings.subject)}
    steps |= {
        name: partial(precision_of, settings.subject, settings.solver(name), double)
        for name in settings.solvers
    }
    found = in_steps("precision", (settings, double), steps)
    curves = {name: curve for name, curve in found.items() if isinstance(curve, WorkPrecision)}
    if not curves:
        return
    st.markdown(precision_sentence(curves))
    left, right = st.columns(2, gap="medium")
    with left:
        show(
            work_precision_diagram(_points(curves, _nfe), "evaluations of f, median"),
            "precision-nfe",
            "One point per tolerance, 1e-1 to 1e-7; red cross: some samples did not converge.",
        )
    with right:
        show(
            work_precision_diagram(_points(curves, _milliseconds), "milliseconds, the whole batch"),
            "precision-time",
            f"The same against time on {device_name()}, median of repeats after compilation.",
        )
    show_table(precision_table(curves), FORMATS, "work-precision.csv")
    solvers = {name: settings.solver(name) for name in curves}
    show_code(
        SNIPPET.format(
            imports=imports_of(solvers.values()),
            problem=subject_code(settings.subject),
            solvers=solvers_code(solvers),
            double=double,
        )
    )


def _nfe(curve: WorkPrecision) -> np.ndarray:
    return np.median(curve.nfe, axis=1)


def _milliseconds(curve: WorkPrecision) -> np.ndarray:
    return 1e3 * np.median(curve.seconds, axis=1)


def _points(
    curves: dict[str, WorkPrecision], work: Callable[[WorkPrecision], np.ndarray]
) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Solver -> tolerance, work, median error, share of converged samples."""
    return {
        name: (curve.tol, work(curve), np.median(curve.error, axis=1), curve.converged.mean(axis=1))
        for name, curve in curves.items()
    }


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
        f"The residual is not the error: with {name} the error is about **{factor:.2g} times the tolerance**. The "
        f"smallest tolerance at which it solved the whole batch is {tol}, with {np.median(curve.nfe[last]):.0f} "
        f"evaluations and an error of {error}."
    )
