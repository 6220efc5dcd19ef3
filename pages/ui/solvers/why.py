"""Why: eigenvalues of df/dz at the equilibrium over the regions in which each method converges."""

import numpy as np
import streamlit as st

from deq.analysis.comparison.race import Run
from deq.analysis.comparison.spectrum import Spectrum, polynomial_factor, spectrum_table
from deq.plots.comparison import race_by_nfe
from deq.plots.eigenvalues import spectrum_regions
from pages.ui.solvers.race import run_race
from pages.ui.solvers.settings import Settings
from pages.ui.solvers.tables import show_table, subject_code
from pages.ui.solvers.work import reference_of, spectrum_of
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import show_code
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.rows import show_formulas
from pages.ui.widgets.steps import Steps, in_steps
from pages.ui.widgets.text import counted

FORMATS = {"spectral radius": "%.4f", "damped radius": "%.4f", "largest Re λ": "%.4f"}
CONVERGES_IF = (
    r"\text{Picard: } |\lambda| < 1",
    r"\text{damped by } \beta\text{: } |1 - \beta + \beta\lambda| < 1",
    r"\text{ODE flow: } \operatorname{Re} \lambda < 1",
)
SNIPPET = """
from deq.analysis.comparison import Subject, make_problem
from deq.analysis.comparison.reference import find_reference
from deq.analysis.comparison.spectrum import find_spectrum, polynomial_factor
from deq.plots.eigenvalues import spectrum_regions

{problem}
spectrum = find_spectrum(problem, find_reference(problem))
print(spectrum.radius, spectrum.damped_radius({damping}), spectrum.abscissa)
print(polynomial_factor(spectrum.eigenvalues[0], memory={memory}))
figure = spectrum_regions(spectrum.eigenvalues, damping={damping})
figure
"""


def draw_why(settings: Settings) -> None:
    """Three numbers, the regions beside the race, when methods converge, a sentence per method, the table."""
    steps: Steps = {"The reference in float64": lambda: reference_of(settings.subject)}
    steps |= {"Eigenvalues": lambda: spectrum_of(settings.subject)}
    spectrum: Spectrum | None = in_steps("why", settings.subject, steps).get("Eigenvalues")
    if spectrum is None:
        return
    if not spectrum.converged.all():
        st.warning("No equilibrium was found for some samples; their eigenvalues are at the best iterate.")
    _numbers(spectrum, settings.lineup.damping)
    left, right = st.columns(2, gap="medium")
    with left:
        show(
            spectrum_regions(spectrum.eigenvalues, settings.lineup.damping),
            "spectrum",
            f"Eigenvalues λ of df/dz at z* for {counted(len(spectrum.eigenvalues), 'sample')}. Regions: where methods "
            "converge.",
        )
    with right:
        runs = run_race(settings, "why-race")
        curves = {name: (run.trace_nfe, run.trace_residual) for name, run in runs.items()}
        show(race_by_nfe(curves, settings.lineup.tol, height=480), "why-race", "The race, for comparison.")
    show_formulas(*CONVERGES_IF)
    st.markdown("\n".join(f"- {line}" for line in reasons(spectrum, settings, runs)))
    show_table(spectrum_table(spectrum, settings.lineup.damping), FORMATS, "eigenvalues.csv")
    show_code(
        SNIPPET.format(
            problem=subject_code(settings.subject),
            damping=settings.lineup.damping,
            memory=settings.lineup.memory,
        )
    )


def _numbers(spectrum: Spectrum, damping: float) -> None:
    with st.container(horizontal=True, gap="large"):
        for label, values, term in (
            ("Spectral radius, median", spectrum.radius, "spectral radius"),
            (
                f"Spectral radius, damped by {damping:g}, median",
                spectrum.damped_radius(damping),
                "damped Picard",
            ),
            ("Largest Re λ, median", spectrum.abscissa, "ODE flow"),
        ):
            st.metric(label, f"{np.median(values):.3f}", help=tip(term), width="content")


def reasons(spectrum: Spectrum, settings: Settings, runs: dict[str, Run]) -> list[str]:
    """One line for each method in the race that the eigenvalues explain."""
    lines = {
        "Picard": _picard("Picard", spectrum.radius, "|λ|"),
        "damped Picard": _picard(
            f"Picard damped by {settings.lineup.damping:g}",
            spectrum.damped_radius(settings.lineup.damping),
            "|1 − β + β λ|",
        ),
        "Anderson": _anderson(spectrum, settings.lineup.memory),
        "ODE flow": _flow(spectrum),
    }
    return [f"{line}{_outcome(runs.get(name))}" for name, line in lines.items() if name in settings.solvers]


def _picard(name: str, radius: np.ndarray, formula: str) -> str:
    """radius: (samples,) the factor by which a step changes the slowest error."""
    factor = float(np.median(radius))
    if (radius >= 1).all():
        return f"**{name}** diverges: each step multiplies some error by {formula} = {factor:.3f}."
    if (radius >= 1).any():
        return (
            f"**{name}** converges for {int((radius < 1).sum())} of {len(radius)} samples: {formula} ranges from "
            f"{radius.min():.3f} to {radius.max():.3f}, and must be below 1."
        )
    needed = np.log(10) / -np.log(max(factor, 1e-12))
    cost = f"{needed:.0f} evaluations" if needed >= 1.5 else "one evaluation"
    return f"**{name}** multiplies the error by {formula} = {factor:.3f} per step: {cost} per decimal place."


def _anderson(spectrum: Spectrum, memory: int) -> str:
    """Each step mixes the last residuals, then applies f: the product of both factors must be below 1."""
    mixed = float(np.median([polynomial_factor(row, memory) for row in spectrum.eigenvalues[:4]]))
    radius = float(np.median(spectrum.radius))
    verdict = (
        "below 1, so near z\\* the residual falls"
        if mixed * radius < 1
        else "above 1, so progress is not guaranteed; a longer memory may help"
    )
    return (
        f"**Anderson({memory})** can reduce its last residuals to {_small(mixed)} of their size by mixing, then f "
        f"stretches them by up to {radius:.3f}: together {_small(mixed * radius)}, {verdict}."
    )


def _small(factor: float) -> str:
    return f"{factor:.3f}" if factor >= 0.001 else "less than 0.001"


def _flow(spectrum: Spectrum) -> str:
    largest = float(np.max(spectrum.abscissa))
    if largest < 1:
        return (
            f"**ODE flow** converges: all real parts are below 1, the largest {largest:.3f}, so the slowest error "
            f"decays as exp(−{1 - largest:.3f} t)."
        )
    lost = int((spectrum.abscissa >= 1).sum())
    return (
        f"**ODE flow** diverges{_for_some(lost, len(spectrum.abscissa))}: a real part of {largest:.3f} is above 1, so "
        "the error in that direction grows."
    )


def _for_some(lost: int, samples: int) -> str:
    """For how many samples; nothing if for all."""
    return f" for {lost} of {samples} samples" if lost < samples else ""


def _outcome(run: Run | None) -> str:
    if run is None:
        return ""
    share = run.converged.mean()
    if share == 1:
        return f" In the race: converged in {np.median(run.nfe):.0f} evaluations."
    return f" In the race: :red[{'not converged' if share == 0 else f'{100 * share:.0f} % converged'}]."
