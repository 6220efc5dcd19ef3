"""Gradients: each gradient through the equilibrium compared with a dense solve in float64."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st

from deq.analysis.comparison.gradients import RADII, TOLERANCES, GradientRun, gradient_table, methods_for
from deq.analysis.comparison.timings import device_name, quartiles
from deq.plots.gradients import GRADIENT_STYLES, gradient_curves, gradient_rows
from deq.plots.style import scientific
from deq.plots.times import race_times
from pages.ui.solvers.memory import draw_memory
from pages.ui.solvers.settings import Settings
from pages.ui.solvers.tables import PLAIN, SCIENTIFIC, TIMES, show_table, subject_code, time_sentence
from pages.ui.solvers.work import (
    errors_over_radius,
    errors_over_tolerance,
    exact_of,
    gradient_of,
    gradient_times_of,
    problem_of,
    reference_of,
)
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import show_code
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.steps import Steps, in_steps
from pages.ui.widgets.text import counted, listed

DEFAULT = ("Anderson", "Neumann 5", "phantom", "one-step", "unrolled")
HERE, TOLERANCE, RADIUS, MEMORY = "on this model", "forward tolerance", "spectral radius", "memory"
IMPLICIT = r"""\frac{\partial L}{\partial \theta} = \frac{\partial L}{\partial z^*}
\left(I - \frac{\partial f}{\partial z^*}\right)^{-1} \frac{\partial f}{\partial \theta}"""
EXACT = "The exact gradient in float64"
FORMATS = {
    "relative error": SCIENTIFIC,
    "cosine": "%.4f",
    "memory, MiB": PLAIN,
} | TIMES
TIMING = "Timing, the gradients in turn"
SNIPPET = """
from deq.analysis.comparison import Subject, make_problem
from deq.analysis.comparison.gradients import (
    compare_gradient, errors_by_radius, errors_by_tolerance, exact_gradient, gradient_table,
    time_gradients,
)
from deq.analysis.comparison.reference import find_reference

{problem}
exact = exact_gradient(problem, find_reference(problem))  # dense solves in float64
methods = {methods}
runs = {{name: compare_gradient(problem, name, exact) for name in methods}}
print(gradient_table(runs, time_gradients(problem, methods)))
by_tolerance = {{name: errors_by_tolerance(problem, name, exact) for name in methods}}
by_radius = {{name: errors_by_radius(name) for name in methods}}
"""


def draw_gradients(settings: Settings) -> None:
    """The gradients, the horizontal axis, then its chart and table."""
    against = st.segmented_control(
        "Compare",
        [HERE, TOLERANCE, RADIUS, MEMORY],
        default=HERE,
        required=True,
        key="race_against",
        bind="query-params",
        help=tip("gradient error"),
    )
    if against == MEMORY:
        draw_memory(settings)
        return
    possible = methods_for(problem_of(settings.subject))
    chosen = st.pills(
        "Gradients",
        possible,
        selection_mode="multi",
        default=DEFAULT,
        key="race_gradients",
        bind="query-params",
        help=tip("gradients"),
    )
    methods = tuple(name for name in possible if name in chosen)
    if not methods:
        st.info("Choose at least one gradient.")
        return
    {HERE: _draw_here, TOLERANCE: _draw_tolerance, RADIUS: _draw_radius}[against or HERE](settings, methods)
    st.latex(IMPLICIT)
    show_code(SNIPPET.format(problem=subject_code(settings.subject), methods=list(methods)))


def _warn_without_equilibrium(settings: Settings) -> None:
    """Gradients are compared at the equilibrium; without one the numbers mean little."""
    lost = int((~reference_of(settings.subject).converged).sum())
    if lost:
        st.warning(
            f"No equilibrium was found for {counted(lost, 'sample')}: the reference gradient is not exact."
        )


def _draw_here(settings: Settings, methods: tuple[str, ...]) -> None:
    subject = settings.subject
    steps: Steps = {EXACT: lambda: exact_of(subject)}
    steps |= {name: partial(gradient_of, subject, name) for name in methods}
    steps |= {TIMING: lambda: gradient_times_of(subject, methods)}
    found = in_steps("gradients", (subject, methods), steps)
    runs = {name: run for name, run in found.items() if isinstance(run, GradientRun)}
    seconds: dict[str, np.ndarray] = found.get(TIMING, {})
    if not runs:
        return
    _warn_without_equilibrium(settings)
    st.markdown(gradient_sentence(runs, seconds))
    unsure = [name for name, run in runs.items() if run.backward_converged not in (None, 1.0)]
    height = 120 + 34 * len(runs)
    left, right = st.columns(2, gap="medium")
    with left:
        sure = [name not in unsure for name in runs]
        show(
            gradient_rows(list(runs), [run.error for run in runs.values()], sure, height=height),
            "gradient-rows",
            "Relative error of each gradient; red cross: a backward solve did not converge.",
        )
    with right:
        if seconds:
            times = {name: quartiles(taken) for name, taken in seconds.items()}
            rounds = len(next(iter(seconds.values())))
            show(
                race_times(times, unsure, GRADIENT_STYLES, height=height),
                "gradient-times",
                f"Time of loss and gradient for a batch of {subject.size} on {device_name()}: median and quartiles of "
                f"{rounds} rounds after compilation, in which the gradients take turns.",
            )
    table = gradient_table(runs, seconds)
    solved = [_share(run) for run in runs.values()]
    show_table(table | {"backward solves converged": solved}, FORMATS, "gradients.csv")
    st.caption(
        "Gradient of the mean loss with respect to the cell's parameters and its injection; forward solve by Anderson "
        "to 1e-6, included in the time. Memory: the compiled program's working memory."
    )


def _share(run: GradientRun) -> str:
    """The share of backward solves that converged; "none needed" without any."""
    return "none needed" if run.backward_converged is None else f"{run.backward_converged:.0%}"


def gradient_sentence(runs: dict[str, GradientRun], seconds: dict[str, np.ndarray]) -> str:
    """Which gradients are exact to float32 and the fastest of them, which are not finite, the largest error."""
    exact = [name for name, run in runs.items() if run.error < 1e-3]
    lost = [name for name, run in runs.items() if not np.isfinite(run.error)]
    others = {name: run for name, run in runs.items() if name not in exact + lost}
    parts = []
    if exact:
        worst = max(runs[name].error for name in exact)
        parts.append(f"Error below 1e-3: **{listed(exact)}** (at most {scientific(worst)}).")
    if len(exact) > 1 and seconds:
        parts.append(time_sentence({name: seconds[name] for name in exact}, " of these").strip())
    if lost:
        parts.append(f":red[Not finite]: **{listed(lost)}**, whose iterations diverge from z\\*.")
    for name, run in sorted(others.items(), key=lambda item: -item[1].error)[:1]:
        angle = np.degrees(np.arccos(np.clip(run.cosine, -1, 1)))
        parts.append(f"Largest error: **{name}**, {_length(run.error)}, at an angle of {angle:.0f}° to it.")
    return " ".join(parts)


def _length(error: float) -> str:
    """A relative error in words."""
    return (
        f"{100 * error:.3g} % of the exact gradient"
        if error < 10
        else f"{f'{error:,.0f}' if error < 1e6 else scientific(error)} times the exact gradient"
    )


def _draw_tolerance(settings: Settings, methods: tuple[str, ...]) -> None:
    subject = settings.subject
    steps: Steps = {EXACT: lambda: exact_of(subject)}
    steps |= {name: partial(errors_over_tolerance, subject, name) for name in methods}
    found = in_steps("gradients-tolerance", (subject, methods), steps)
    errors = {name: found[name] for name in methods if name in found}
    if not errors:
        return
    _warn_without_equilibrium(settings)
    st.markdown(
        "The implicit function theorem holds at z\\*. If the forward solve stops early, even an exact backward solve "
        "gives a wrong gradient."
    )
    caption = "Relative error against the tolerance of the forward solve. Unrolled gradients run no solver."
    _curves(TOLERANCE, TOLERANCES, errors, caption, falling=True)


def _draw_radius(settings: Settings, methods: tuple[str, ...]) -> None:
    steps = {name: partial(errors_over_radius, name) for name in methods}
    errors = in_steps("gradients-radius", methods, steps)
    if not errors:
        return
    st.markdown(
        "Measured on random affine cells of 40 dimensions, not on the model above. Each term of a Neumann series is "
        "about the spectral radius times the one before, so truncating it costs more as the radius approaches 1."
    )
    caption = "Relative error against the spectral radius of df/dz; forward solve to 1e-6."
    _curves(RADIUS, RADII, errors, caption, falling=False)


def _curves(
    axis: str, values: Sequence[float], errors: dict[str, np.ndarray], caption: str, *, falling: bool
) -> None:
    """The errors over one axis, drawn and as a table."""
    key = f"gradient-{axis.split()[-1]}"
    show(gradient_curves(values, errors, axis, falling=falling), key, caption)
    table = {axis: list(values)} | {name: list(error) for name, error in errors.items()}
    show_table(table, dict.fromkeys(errors, SCIENTIFIC) | {axis: PLAIN}, f"{key}.csv")
