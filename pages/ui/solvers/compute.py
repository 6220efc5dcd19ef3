"""Test-time compute: what is gained by more evaluations than in training, and whether the start matters."""

from functools import partial

import numpy as np
import streamlit as st

from deq.analysis.comparison.test_time_compute import ALIGNED, Compute, compute_table, path_table
from deq.analysis.path_independence import PathIndependence
from deq.models.checkpoints import pretrained_names
from deq.plots.comparison import compute_curves, distance_strip
from deq.plots.style import scientific
from pages.ui.readers.model import shipped
from pages.ui.solvers.settings import Settings
from pages.ui.solvers.tables import SCIENTIFIC, show_table, subject_code
from pages.ui.solvers.work import compute_of, paths_of
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import imports_of, show_code, solvers_code
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.steps import Steps, in_steps
from pages.ui.widgets.text import SHARE, counted, listed, plain, rough

FORMATS = {"accuracy": SHARE, "residual, median": SCIENTIFIC}
PATH_FORMATS = {
    "alignment, mean": "%.6f",
    f"cosine ≥ {ALIGNED}": SHARE,
    "distance, median": SCIENTIFIC,
    "both converged": SHARE,
}
PATHS = "Solving from other starts"
SNIPPET = """
{imports}
from deq.analysis.comparison import Subject, make_problem
from deq.analysis.comparison.test_time_compute import compute_table, vary_start, path_table, vary_budget
from deq.plots.style import scientific

{problem}
solvers = {solvers}
print(compute_table({{name: vary_budget(problem, solver) for name, solver in solvers.items()}}))
print(path_table(vary_start(problem, solvers["{best}"])))
"""


def draw_compute(settings: Settings) -> None:
    """Accuracy and residual against the evaluations allowed; then the solve from other starts."""
    subject = settings.subject
    solvers = {name: settings.solver(name) for name in settings.solvers}
    steps: Steps = {name: partial(compute_of, subject, solver) for name, solver in solvers.items()}
    steps |= {
        PATHS: lambda: paths_of(
            subject, solvers[_furthest({n: compute_of(subject, solvers[n]) for n in solvers})]
        )
    }
    found = in_steps("compute", settings, steps)
    curves = {name: curve for name, curve in found.items() if isinstance(curve, Compute)}
    if curves:
        _draw_budgets(curves, _trained_with(subject.model if not subject.weights else ""))
        judge = _furthest(curves)
        if PATHS in found:
            _draw_paths(found[PATHS], judge, settings.lineup.tol)
        show_code(
            SNIPPET.format(
                imports=imports_of(solvers.values()),
                problem=subject_code(subject),
                solvers=solvers_code(solvers),
                best=judge,
            )
        )


def _furthest(curves: dict[str, Compute]) -> str:
    """The solver with the smallest final residual, whose last state is closest to the equilibrium."""
    return min(curves, key=lambda name: np.median(curves[name].residual[-1]))


def _trained_with(model: str) -> int | None:
    """The evaluations that training allowed the forward solver, from the model's card."""
    if model not in pretrained_names():
        return None
    solver = shipped(model).card.recipe.get("solver", {})
    return int(solver["max_nfe"]) if "max_nfe" in solver else None


def _draw_budgets(curves: dict[str, Compute], trained_with: int | None) -> None:
    accurate = {n: (c.budget, c.accuracy) for n, c in curves.items() if c.accuracy is not None}
    residual = {n: (c.budget, np.median(c.residual, axis=1)) for n, c in curves.items()}
    st.markdown(budget_sentence(curves))
    columns = st.columns(2 if accurate else 1, gap="medium")
    if accurate:
        with columns[0]:
            show(
                compute_curves(accurate, "accuracy on the batch", trained_with),
                "compute-accuracy",
                "Accuracy of the best iterate within the evaluations allowed.",
            )
    with columns[-1]:
        show(
            compute_curves(residual, "relative residual", trained_with, log_y=True),
            "compute-residual",
            "Relative residual of the best iterate within the evaluations allowed, median over the batch.",
        )
    show_table(compute_table(curves), FORMATS, "compute.csv")


def budget_sentence(curves: dict[str, Compute]) -> str:
    """From how many evaluations on the accuracy no longer changes."""
    name = _furthest(curves)
    curve = curves[name]
    end = np.median(curve.residual[-1])
    if curve.accuracy is None:
        return f"{name} reaches the smallest residual, {scientific(end, 1)} after {curve.budget[-1]} evaluations."
    settled = np.flatnonzero(curve.accuracy != curve.accuracy[-1])
    since = curve.budget[settled[-1] + 1] if len(settled) else curve.budget[0]
    return (
        f"With {name} the accuracy on this batch is **{100 * curve.accuracy[-1]:.1f} %** from "
        f"**{counted(since, 'evaluation')}** on; the final residual is {scientific(end, 1)}."
    )


def _draw_paths(found: dict[str, PathIndependence], judge: str, tol: float) -> None:
    st.subheader("Does the start matter?", anchor=False, help=tip("path independence"))
    st.markdown(path_sentence(found, judge))
    show(
        distance_strip({name: (end.distance, end.converged) for name, end in found.items()}, tol),
        "distances-between-starts",
        "Distance from the z* of the model's own start, one point per sample and start. Dashed: the tolerance.",
    )
    show_table(path_table(found), PATH_FORMATS, "path-independence.csv")


def path_sentence(found: dict[str, PathIndependence], judge: str) -> str:
    """Whether all starts lead to the same equilibrium, with the asymptotic alignment score."""
    *_, last = found.values()  # another's z*, if there is one
    cosines = last.cosine[last.converged]
    solved = sum(int(end.converged.sum()) for end in found.values())
    total = sum(len(end.converged) for end in found.values())
    if not solved:
        return (
            f":red[{judge} converged for no sample], neither from the model's own start nor from another, so nothing "
            "can be said about the equilibrium."
        )
    strayed = sum(int((end.converged & (end.cosine < ALIGNED)).sum()) for end in found.values())
    if strayed:
        verdict = f"Yes: of {solved} converged solves by {judge}, {strayed} ended at another equilibrium."
    else:
        farthest = max(float(end.distance[end.converged].max(initial=0)) for end in found.values())
        verdict = (
            f"No: from {listed([plain(name) for name in found])}, {judge} ends within {rough(100 * farthest)} % of the "
            "z\\* of the model's own start."
        )
    lost = f" :red[Not converged and left out: {total - solved} of {total} solves.]" if solved < total else ""
    score = f" Asymptotic alignment score: **{np.mean(cosines):.4f}**." if cosines.size else ""
    return f"{verdict}{score}{lost}"
