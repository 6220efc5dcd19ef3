"""The race: residual against evaluations and time, and the table."""

from functools import partial

import numpy as np
import streamlit as st

from deq.analysis.comparison.race import REPEATS, Run, device_name, race_table
from deq.analysis.comparison.subjects import NOISE
from deq.data import held_out_digits
from deq.plots.comparison import race_by_nfe, race_by_time
from pages.ui.solvers.settings import Settings
from pages.ui.solvers.tables import PLAIN, SCIENTIFIC, SHARE, show_table, subject_code
from pages.ui.solvers.work import problem_of, race_of, reference_of
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import imports_of, show_code, solvers_code
from pages.ui.widgets.downloads import csv_button
from pages.ui.widgets.steps import in_steps
from pages.ui.widgets.text import is_hidden, listed

FORMATS = {
    "NFE, median": PLAIN,
    "converged": SHARE,
    "residual, median": SCIENTIFIC,
    "error, median": SCIENTIFIC,
    "ms": PLAIN,
    "ms, spread": PLAIN,
    "same class": SHARE,
}
SNIPPET = """
{imports}
from deq.analysis.comparison import Subject, make_problem, race
from deq.analysis.comparison.race import race_table
from deq.analysis.comparison.reference import find_reference
from deq.plots.comparison import race_by_nfe

{problem}
solvers = {solvers}
runs = {{name: race(problem, solver) for name, solver in solvers.items()}}
print(race_table(runs, find_reference(problem).classes))
figure = race_by_nfe({{name: (run.trace_nfe, run.trace_residual) for name, run in runs.items()}}, tol={tol})
figure
"""


def run_race(settings: Settings, tab: str) -> dict[str, Run]:
    """One step per solver; cached results take no time."""
    steps = {name: partial(race_of, settings.subject, settings.solver(name)) for name in settings.solvers}
    return in_steps(tab, settings, steps)


def draw_race(settings: Settings) -> None:
    """A sentence, two charts, the table, the data, the code."""
    runs = run_race(settings, "race")
    if not runs:
        return
    st.markdown(race_sentence(runs, settings.lineup.max_nfe))
    left, right = st.columns(2, gap="medium")
    with left:
        curves = {name: (run.trace_nfe, run.trace_residual) for name, run in runs.items()}
        show(
            race_by_nfe(curves, settings.lineup.tol),
            "race-nfe",
            "Median over the batch; band: 10 to 90 %.",
        )
    with right:
        timed = {name: (run.trace_milliseconds, run.trace_residual) for name, run in runs.items()}
        show(
            race_by_time(timed, settings.lineup.tol),
            "race-time",
            f"Time of the whole batch of {settings.subject.size} on {device_name()}: median of {REPEATS} repeats "
            "after compilation, divided evenly among its evaluations.",
        )
    classes = problem_of(settings.subject).has_classes
    reference = _reference_classes(settings) if classes else None
    show_table(race_table(runs, reference), FORMATS, "race.csv")
    csv_button("Download the curves", _curve_columns(runs), "race-curves.csv")
    st.caption(
        "NFE: evaluations of f per sample. Error: estimated from the last step, see the glossary. "
        "Spread: 10 to 90 % quantiles of the repeats."
        + (" Same class: as at the float64 equilibrium." if classes else "")
        + (f" Digits: the test set of {held_out_digits().name}." if settings.subject.batch != NOISE else "")
    )
    solvers = {name: settings.solver(name) for name in runs}
    show_code(
        SNIPPET.format(
            imports=imports_of(solvers.values()),
            problem=subject_code(settings.subject),
            solvers=solvers_code(solvers),
            tol=settings.lineup.tol,
        )
    )


def _reference_classes(settings: Settings) -> np.ndarray | None:
    """The classes at the float64 equilibria; None if the search was stopped."""
    name = "The reference in float64"
    found = in_steps("race-reference", settings.subject, {name: lambda: reference_of(settings.subject)})
    return found[name].classes if name in found else None


def _curve_columns(runs: dict[str, Run]) -> dict[str, list]:
    """Every iterate of every sample and solver, one per row."""
    columns: dict[str, list] = {"solver": [], "sample": [], "NFE": [], "ms": [], "residual": []}
    for name, run in runs.items():
        known = np.isfinite(run.trace_residual)
        sample, _ = np.nonzero(known)
        columns["solver"] += [name] * len(sample)
        columns["sample"] += sample.tolist()
        columns["NFE"] += run.trace_nfe[known].tolist()
        columns["ms"] += run.trace_milliseconds[known].tolist()
        columns["residual"] += run.trace_residual[known].tolist()
    return columns


def race_sentence(runs: dict[str, Run], max_nfe: int) -> str:
    """Which solver needs the fewest evaluations, which the least time, and which did not converge."""
    done = {name: run for name, run in runs.items() if run.converged.all()}
    failed = {name: run for name, run in runs.items() if name not in done}
    sentence = "No solver solved the whole batch. "
    if done:
        fewest = min(done, key=lambda name: np.median(done[name].nfe))
        fastest = min(done, key=lambda name: np.median(done[name].seconds))
        sentence = (
            f"Fewest evaluations: **{fewest}** ({np.median(done[fewest].nfe):.0f}). Least time: **{fastest}** "
            f"({1e3 * np.median(done[fastest].seconds):.2g} ms). "
        )
    hidden = [n for n, run in done.items() if is_hidden(np.median(run.error), np.median(run.residual))]
    if hidden:
        sentence += f"The estimated error of {listed(hidden)} is far above the residual. "
    if failed:
        shares = [f"{name} ({100 * run.converged.mean():.0f} % converged)" for name, run in failed.items()]
        sentence += f":red[**Not converged**] within {max_nfe} evaluations: {listed(shares)}; see Why."
    return sentence
