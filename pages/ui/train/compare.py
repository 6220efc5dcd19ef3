"""Compare: a few architectures or settings, several seeds each, in one table and one picture that fill in live."""

import plotly.graph_objects as go
import streamlit as st

from deq.jobs import Comparison, Job, Plan
from deq.jobs.contenders import contenders, estimate, reads_digits, usual
from deq.plots.contenders import effort_and_accuracy, effort_and_loss
from deq.training.comparison import FIGURES, Contender, conclusion, points, scored_by, seconds_left
from pages.ui.server.memory import freeing_memory
from pages.ui.server.owner import claim, is_mine
from pages.ui.server.runs import EVERY, comparisons, duration, registry
from pages.ui.train.named import about, speed
from pages.ui.train.runs import current_comparison, curves_of_runs, show_run, start_comparison
from pages.ui.widgets.charts import show
from pages.ui.widgets.downloads import csv_button
from pages.ui.widgets.text import counted

MOST = 6  # contenders
MOST_SEEDS, USUAL_SEEDS = 5, 3


def compare(plan: Plan, jobs: dict[str, Job]) -> None:
    """The section: what to compare, the comparison in the link, and the visitor's single runs if there are several."""
    comparison = current_comparison()
    with st.expander("Compare", icon=":material/stacked_line_chart:", expanded=comparison is not None):
        _controls(plan)
        if comparison is not None:
            _draw_live(comparison.id) if comparison.is_live else _draw(comparison)
        if len(jobs) > 1:
            st.markdown("**Your single runs**")
            curves_of_runs(jobs)


def _controls(plan: Plan) -> None:
    """Choose contenders and seeds, read how long it will take, start."""
    offered = contenders(plan)
    key = "fit_contenders" if reads_digits(plan) else "fit_variants"
    left, right = st.columns([3, 1], gap="medium")
    chosen = left.multiselect(
        "Contenders",
        list(offered),
        usual(plan),
        key=key,
        bind="query-params",
        max_selections=MOST,
        help="A named model trains with its own full recipe, for the epochs set above. “fast mlp” and “fast conv”, "
        "offered for large data sets, train with their fast recipes, for the number of epochs in those recipes. All "
        "others train with the settings above, each with at most one change.",
    )
    seeds = right.segmented_control(
        "Seeds",
        range(1, MOST_SEEDS + 1),
        default=USUAL_SEEDS,
        required=True,
        key="fit_seeds",
        bind="query-params",
        help="Runs of each contender. Only the spread over several seeds shows whether a contender is really "
        "ahead.",
    )
    seeds = seeds or USUAL_SEEDS  # an empty parameter in a link chooses none
    plans = {name: offered[name] for name in chosen}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Start comparison",
            icon=":material/play_arrow:",
            disabled=not plans,
            on_click=start_comparison,
            args=(plans, seeds),
        )
        if plans:
            took = about(estimate(plans.values(), seeds, speed()))
            st.caption(f"{counted(len(plans) * seeds, 'run')} in turn: {took} on this machine.")


@st.fragment(run_every=EVERY)
def _draw_live(comparison_id: str) -> None:
    comparison = comparisons().get(comparison_id)
    if comparison is None or not comparison.is_live:
        st.rerun()
    with freeing_memory():
        _draw(comparison)


def _draw(comparison: Comparison) -> None:
    results = comparison.results()
    _halt_or_resume(comparison)
    st.progress(_share(comparison), text=_progress_text(comparison))
    if comparison.refused:
        st.warning(comparison.refused)
    for (name, seed), message in comparison.failures.items():
        st.error(f"{name}, seed {seed}: {message}")
    show(
        _picture(results),
        "contenders",
        alt="Test score of each contender against its evaluations.",
    )
    st.dataframe(_table(comparison, results), hide_index=True, key="fit_contenders_table")
    if not comparison.is_live and any(one.outcomes for one in results):
        st.markdown("\n".join(f"- {line}" for line in conclusion(results)))
    _take_away(comparison, results)


def _halt_or_resume(comparison: Comparison) -> None:
    """Buttons for whoever started it; an ended comparison needs none."""
    if not is_mine(comparison):
        st.caption(
            "You are watching somebody else's comparison. Only the visitor who started it can stop it."
        )
    elif comparison.is_live:
        st.button("Stop comparison", icon=":material/stop:", on_click=comparison.halt)
    elif comparison.can_resume:
        st.button("Resume comparison", icon=":material/play_arrow:", on_click=comparison.resume)


def _share(comparison: Comparison) -> float:
    """The fraction that is done, counting parts of runs."""
    done: float = len(comparison.outcomes) + len(comparison.failures)
    if (current := comparison.current) is not None:
        now = current[1].snapshot()
        done += now.step / now.steps if now.steps else 0
    return min(done / (len(comparison.contenders) * comparison.seeds), 1.0)


def _progress_text(comparison: Comparison) -> str:
    """Which run of how many, what it does, and the time left if it is known."""
    runs, done = len(comparison.contenders) * comparison.seeds, len(comparison.ids)
    if (current := comparison.current) is None:
        return f"{done} of {runs} runs" if comparison.waiting else f"Finished: {counted(runs, 'run')}"
    (name, seed), now = current[0], current[1].snapshot()
    left = now.seconds_left + seconds_left(_seconds(comparison), comparison.waiting)
    words = f"Run {done} of {runs}: {name}, seed {seed}, {now.phase}"
    return f"{words}, about {duration(left)} left" if left > 0 else words


def _seconds(comparison: Comparison) -> dict[str, list[float]]:
    """How long each contender's finished runs took."""
    return {one.name: one.values("seconds") for one in comparison.results()}


def _picture(results: list[Contender]) -> go.Figure:
    """Each contender's test score against the cost of its solves; empty before the first run has ended."""
    draw = effort_and_loss if scored_by(results) == "loss" else effort_and_accuracy
    return draw(points(results))


def _table(comparison: Comparison, results: list[Contender]) -> dict[str, list[str]]:
    """A row for each contender: mean ± standard deviation of what its runs reached and cost."""
    ended = [key[0] for key in (*comparison.outcomes, *comparison.failures)]
    classes = scored_by(results) == "accuracy"
    scores = (
        {
            "test accuracy, %": [f"{one.spread('accuracy').percent:.2f}" for one in results],
            "validation accuracy, %": [f"{one.spread('validation_accuracy').percent:.2f}" for one in results],
        }
        if classes
        else {"test loss": [f"{one.spread('loss'):.3g}" for one in results]}
    )
    return (
        {"contender": [one.name for one in results]}
        | {"runs": [f"{ended.count(one.name)} of {comparison.seeds}" for one in results]}
        | scores
        | {
            "evaluations": [f"{one.spread('nfe_mean'):.1f}" for one in results],
            "converged, %": [f"{one.spread('converged_fraction').percent:.1f}" for one in results],
            "spectral radius": [f"{one.spread('spectral_radius'):.2f}" for one in results],
            "seconds": [f"{one.spread('seconds'):.1f}" for one in results],
            "parameters": [f"{one.outcomes[0].parameters:,}" if one.outcomes else "-" for one in results],
        }
        | (
            {"equilibrium lost": [f"{one.lost}" for one in results]}
            if any(one.lost for one in results)
            else {}
        )
    )


def _take_away(comparison: Comparison, results: list[Contender]) -> None:
    """Every run's figures as CSV, and one run to look at, whose weights can be used elsewhere."""
    runs = [(one.name, outcome) for one in results for outcome in one.outcomes]
    if not runs:
        return
    table: dict[str, list[object]] = {
        "contender": [name for name, _ in runs],
        "seed": [outcome.seed for _, outcome in runs],
    }
    table |= {figure: [getattr(outcome, figure) for _, outcome in runs] for figure in FIGURES}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        csv_button(
            "Save every run as CSV", table | {"lost": [outcome.lost for _, outcome in runs]}, "comparison.csv"
        )
        ids = {f"{name}, seed {seed}": job_id for (name, seed), job_id in comparison.ids.items()}
        chosen = st.selectbox("Run", list(ids), key="fit_one", label_visibility="collapsed", width=260)
        st.button("Show this run above", on_click=_look_at, args=(comparison, ids.get(chosen, "")))


def _look_at(comparison: Comparison, job_id: str) -> None:
    """Show one of its runs as if it had been started alone."""
    job = registry().get(job_id)
    if job is None:
        st.session_state["fit_refused"] = (
            "That run is no longer on this server; its figures are in the table."
        )
        return
    if is_mine(comparison):
        claim(job)
    show_run(job.id)
