"""The race: residual against evaluations and time, and the table."""

import platform
from functools import partial

import jax
import numpy as np
import plotly.graph_objects as go
import streamlit as st

import deq
from deq.analysis.comparison.race import Run, race_table
from deq.analysis.comparison.subjects import DIGITS, RANDOM, STIFF, Subject
from deq.analysis.comparison.timings import device_name, quartiles
from deq.data import held_out_digits
from deq.plots.comparison import race_by_nfe
from deq.plots.document import report
from deq.plots.times import race_times
from deq.solvers import Solver
from pages.ui.server.memory import freeing_memory
from pages.ui.solvers.batch import draw_batch, png_of
from pages.ui.solvers.settings import Settings
from pages.ui.solvers.tables import PLAIN, SCIENTIFIC, TIMES, show_table, subject_code, time_sentence
from pages.ui.solvers.work import problem_of, race_of, reference_of, times_of
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import imports_of, show_code, solvers_code
from pages.ui.widgets.downloads import csv_button, csv_text
from pages.ui.widgets.steps import in_steps
from pages.ui.widgets.text import SHARE, is_hidden, listed

HEIGHT = 340  # pixels: both charts are in view on a laptop
STILL = "_race_still"  # key of the session: the settings of the last run
REST = 1.0  # seconds without a change before the solvers are timed
FORMATS = {
    "NFE, median": PLAIN,
    "converged": SHARE,
    "residual, median": SCIENTIFIC,
    "error, median": SCIENTIFIC,
    "same class": SHARE,
} | TIMES
SNIPPET = """
{imports}
from deq.analysis.comparison import Subject, make_problem, race
from deq.analysis.comparison.race import race_table
from deq.analysis.comparison.reference import find_reference
from deq.analysis.comparison.timings import time_solvers
from deq.plots.comparison import race_by_nfe

{problem}
solvers = {solvers}
runs = {{name: race(problem, solver) for name, solver in solvers.items()}}
seconds = time_solvers(problem, solvers)
print(race_table(runs, seconds, find_reference(problem).classes))
figure = race_by_nfe({{name: (run.trace_nfe, run.trace_residual) for name, run in runs.items()}}, tol={tol})
figure
"""


def run_race(settings: Settings, tab: str) -> dict[str, Run]:
    """One step per solver; cached results take no time."""
    steps = {name: partial(race_of, settings.subject, settings.solver(name)) for name in settings.solvers}
    return in_steps(tab, settings, steps)


def timed(settings: Settings) -> tuple[Subject, tuple[str, ...], tuple[Solver, ...]]:
    """What is timed, as arguments of `times_of`."""
    return settings.subject, settings.solvers, tuple(settings.solver(name) for name in settings.solvers)


@st.fragment(run_every=REST)
def time_at_rest(settings: Settings) -> None:
    """Timing takes longer than all else in the race, so it waits until the controls have not moved for a while."""
    with st.container(height=HEIGHT, border=False):
        st.caption("Times appear once you have left the controls alone for a moment.")
    state = st.session_state
    if state.get(STILL) == settings:
        with freeing_memory():
            times_of(*timed(settings))
        st.rerun()
    state[STILL] = settings


def draw_race(settings: Settings) -> None:
    """Two charts, a sentence, the table, the data, the code."""
    runs = run_race(settings, "race")
    if not runs:
        return
    complete = len(runs) == len(settings.solvers)
    seconds = (times_of.known(*timed(settings)) if complete else None) or {}
    figures = race_figures(settings, runs, seconds)
    left, right = st.columns(2, gap="medium")
    for column, key, (caption, figure) in zip(
        (left, right), ("race-nfe", "race-time"), figures.items(), strict=False
    ):
        with column:
            show(figure, key, caption)
    if complete and not seconds:
        with right:
            time_at_rest(settings)
    st.markdown(race_sentence(runs, seconds, settings.lineup.max_nfe))
    classes = problem_of(settings.subject).has_classes
    reference = _reference_classes(settings) if classes else None
    table = race_table(runs, seconds, reference)
    show_table(table, FORMATS, "race.csv")
    with st.container(horizontal=True):
        csv_button("Download the curves", _curve_columns(runs), "race-curves.csv")
        _report_button(settings, runs, seconds, table)
    st.caption(_columns_explained(settings, classes))
    solvers = {name: settings.solver(name) for name in runs}
    show_code(
        SNIPPET.format(
            imports=imports_of(solvers.values()),
            problem=subject_code(settings.subject),
            solvers=solvers_code(solvers),
            tol=settings.lineup.tol,
        )
    )
    draw_batch(settings)


def race_figures(
    settings: Settings, runs: dict[str, Run], seconds: dict[str, np.ndarray]
) -> dict[str, go.Figure]:
    """Caption -> figure: residual against evaluations, and the times where they were measured."""
    curves = {name: (run.trace_nfe, run.trace_residual) for name, run in runs.items()}
    figures = {
        "Median over the batch; band: 10 to 90 %. Samples that have converged keep their last residual.": race_by_nfe(
            curves, settings.lineup.tol, height=HEIGHT
        )
    }
    if seconds:
        rounds = len(next(iter(seconds.values())))
        caption = (
            f"Time of the whole batch of {settings.subject.size} on {device_name()}: median and quartiles of "
            f"{rounds} rounds after compilation, in which the solvers take turns."
        )
        times = {name: quartiles(taken) for name, taken in seconds.items()}
        figures[caption] = race_times(times, _failed(runs), height=HEIGHT)
    return figures


def _columns_explained(settings: Settings, classes: bool) -> str:
    """What the columns of the table mean, and which digits they are measured on."""
    said = "NFE: evaluations of f per sample. Error: estimated from the last step, see the glossary."
    if classes:
        said += (
            " Same class: the share of samples with the same answer as at the equilibrium found in float64."
        )
    if settings.subject.batch in (DIGITS, STIFF):
        digits = "MNIST's test set" if held_out_digits().name == "mnist" else "scikit-learn's test digits"
        said += f" Digits: {digits}."
    return said


def _report_button(
    settings: Settings, runs: dict[str, Run], seconds: dict[str, np.ndarray], table: dict[str, list]
) -> None:
    """The report is made when the button is clicked."""
    st.download_button(
        "Download a report",
        lambda: race_report(settings, runs, seconds, table),
        file_name="solvers.html",
        mime="text/html",
        icon=":material/download:",
        on_click="ignore",
        key="download-report",
        help="One HTML file of about 5 MB that opens offline: settings, versions, figures, tables and their data.",
    )


def race_report(
    settings: Settings, runs: dict[str, Run], seconds: dict[str, np.ndarray], table: dict[str, list]
) -> str:
    """The race as one HTML file: what it was measured with, the figures, and their numbers as CSV."""
    subject = settings.subject
    facts = {
        "device": device_name(),
        "versions": f"deq {deq.__version__}, jax {jax.__version__}, python {platform.python_version()}",
        "model": f"{subject.model}{', own weights' if subject.weights else ''}",
        "batch": f"{subject.batch}, {subject.size}",
        "seed": str(subject.seed),
    }
    if subject.model == RANDOM:
        facts["spectral radius"] = f"{subject.radius:g}"
    facts |= {name: repr(settings.solver(name)) for name in runs}
    tables = {"race.csv": csv_text(table), "race-curves.csv": csv_text(_curve_columns(runs))}
    if seconds:
        tables["race-seconds.csv"] = csv_text(seconds)
    pictures = {"The digit that is solved.": png_of(subject.digit)} if subject.digit else {}
    return report("Solvers compared", facts, pictures, race_figures(settings, runs, seconds), tables)


def _reference_classes(settings: Settings) -> np.ndarray | None:
    """The classes at the float64 equilibria; None if the search was stopped."""
    name = "The reference in float64"
    found = in_steps("race-reference", settings.subject, {name: lambda: reference_of(settings.subject)})
    return found[name].classes if name in found else None


def _curve_columns(runs: dict[str, Run]) -> dict[str, list]:
    """Every iterate of every sample and solver, one per row."""
    columns: dict[str, list] = {"solver": [], "sample": [], "NFE": [], "residual": []}
    for name, run in runs.items():
        known = np.isfinite(run.trace_residual)
        sample, _ = np.nonzero(known)
        columns["solver"] += [name] * len(sample)
        columns["sample"] += sample.tolist()
        columns["NFE"] += run.trace_nfe[known].tolist()
        columns["residual"] += run.trace_residual[known].tolist()
    return columns


def _failed(runs: dict[str, Run]) -> dict[str, Run]:
    """The runs in which some sample did not converge."""
    return {name: run for name, run in runs.items() if not run.converged.all()}


def race_sentence(runs: dict[str, Run], seconds: dict[str, np.ndarray], max_nfe: int) -> str:
    """Which solver needs the fewest evaluations, which the least time, and which did not converge."""
    failed = _failed(runs)
    done = {name: run for name, run in runs.items() if name not in failed}
    sentence = "No solver solved the whole batch. "
    if done:
        effort = {name: float(np.median(run.nfe)) for name, run in done.items()}
        fewest = [name for name, nfe in effort.items() if nfe == min(effort.values())]
        each = f"{effort[fewest[0]]:.0f}{' each' if len(fewest) > 1 else ''}"
        sentence = f"Fewest evaluations: {listed([f'**{name}**' for name in fewest])} ({each}). "
        sentence += time_sentence({name: seconds[name] for name in done if name in seconds})
    hidden = [n for n, run in done.items() if is_hidden(np.median(run.error), np.median(run.residual))]
    if hidden:
        sentence += f"The estimated error of {listed(hidden)} is far above the residual. "
    if failed:
        shares = [f"{name} ({100 * run.converged.mean():.0f} % converged)" for name, run in failed.items()]
        sentence += f":red[**Not converged**] within {max_nfe} evaluations: {listed(shares)}; see Why."
    return sentence
