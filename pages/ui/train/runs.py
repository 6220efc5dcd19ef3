"""The runs of a browser: the list, the current run, the comparison, the downloads."""

import json
from collections.abc import Callable
from typing import Literal

import streamlit as st

from deq.jobs import Comparison, Job, Plan, Snapshot, as_dict, flat_settings, history
from deq.models.weights import weights_of
from deq.plots.training import compared_runs
from pages.ui.readers.model import ModelInUse, keep_model, own_model
from pages.ui.readers.weights import weights_upload
from pages.ui.server.kept import highest_number, kept, remember_numbers
from pages.ui.server.owner import browser_key, claim, is_mine, this_browser
from pages.ui.server.runs import comparisons, registry
from pages.ui.widgets.charts import show
from pages.ui.widgets.downloads import csv_text
from pages.ui.widgets.navigation import page

CURRENT, COMPARED = "fit_job", "compared"
OLD_LIST = "runs"  # parameter of older links, with the ids of a visitor's runs
OF_WEIGHTS = "A safetensors file, which you can upload here again."
Data = str | bytes | Callable[[], str | bytes]
MOST_LIVE = 3  # live or queued runs per visitor
NUMBERS: dict[str, tuple[str, str, Literal["linear", "log"]]] = {
    "validation accuracy": ("validation", "accuracy", "linear"),
    "validation loss": ("validation", "loss", "log"),
    "training loss": ("training", "loss", "log"),
    "evaluations per solve": ("training", "nfe", "linear"),
    "spectral radius": ("validation", "spectral_radius", "linear"),
}


def current_job() -> Job | None:
    """The run in the link, or the last one shown; a run from the link joins this browser's list."""
    st.query_params.pop(OLD_LIST, None)
    wanted = st.query_params.get("job") or st.session_state.get(CURRENT)
    job = registry().get(wanted) if wanted else None
    if job is None:
        if wanted:
            st.info("That run is no longer on this server. Its settings are in the link: start it again.")
            show_run(None)
        return None
    show_run(job.id)
    return job


def current_comparison() -> Comparison | None:
    """The comparison in the link, or the last one shown."""
    wanted = st.query_params.get(COMPARED) or st.session_state.get(COMPARED)
    found = comparisons().get(wanted) if wanted else None
    if wanted and found is None:
        st.info("That comparison is no longer on this server. Start it again.")
    _show_comparison(found)
    return found


def _show_comparison(comparison: Comparison | None) -> None:
    st.session_state[COMPARED] = comparison and comparison.id
    if comparison is None:
        st.query_params.pop(COMPARED, None)
    else:
        st.query_params[COMPARED] = comparison.id


def refuse_too_many() -> bool:
    """Whether this visitor has too many live runs; a comparison counts as one, and `fit_refused` says it."""
    live = sum(job.status.is_live and is_mine(job) for job in own_jobs().values())
    live += sum(is_mine(one) for one in comparisons().live())
    if live >= MOST_LIVE:
        st.session_state["fit_refused"] = f"You have {MOST_LIVE} live runs: stop one of them first."
    return live >= MOST_LIVE


def start_comparison(contenders: dict[str, Plan], seeds: int) -> None:
    """Start a comparison in the background and show it, or store why it was refused."""
    if refuse_too_many():
        return
    comparison = Comparison(registry(), contenders, seeds, this_browser())
    comparison.start()
    comparisons().add(comparison)
    claim(comparison)
    _show_comparison(comparison)


def start_run(plan: Plan) -> None:
    """Submit the plan and show its run, or store why it was refused."""
    if refuse_too_many():
        return
    try:
        job = registry().submit(plan, this_browser())
        claim(job)
        show_run(job.id)
    except ValueError as error:
        st.session_state["fit_refused"] = str(error)


def own_jobs() -> dict[str, Job]:
    """This browser's runs that the server still has, by name, the oldest first."""
    found = {f"run {number}": registry().get(job_id) for job_id, number in _numbers().items()}
    return {name: job for name, job in found.items() if job is not None}


def name_of(job: Job) -> str:
    return f"run {_numbers()[job.id]}"


def choose_run(jobs: dict[str, Job], job: Job | None) -> None:
    """Choose the run to show, if there are others than the one shown."""
    if len(jobs) < (1 if job is None else 2):
        return
    st.session_state["fit_run"] = job and name_of(job)
    st.segmented_control(
        "Run",
        list(jobs),
        key="fit_run",
        required=job is not None,
        on_change=_choose,
        label_visibility="collapsed",
    )


def draw_downloads(job: Job, now: Snapshot, weights: bytes) -> None:
    """What a run leaves behind; disabled as long as there is nothing to download."""
    ended = not now.status.is_live
    name = name_of(job) if ended else ""
    known = ended and len(now.training["step"])
    settings = json.dumps(as_dict(job.plan), indent=2) + "\n"
    _take("Weights", weights, f"{name}.safetensors", "application/octet-stream", help=OF_WEIGHTS)
    _take("History", (lambda: csv_text(history(now))) if known else "", f"{name}-history.csv", "text/csv")
    _take("Settings", settings if ended else "", f"{name}.json", "application/json")


def links_elsewhere(job: Job, weights: bytes) -> None:
    """Links to the pages that can use the model, once the run has ended."""
    if weights:
        _use_elsewhere(own_model(name_of(job), weights, job.plan.recipe.solver))


def weights_file(job: Job, now: Snapshot) -> bytes:
    """The weights as a file; nothing as long as the run goes on."""
    if now.status.is_live or job.model is None:
        return b""
    return weights_of(job.model, job.plan.described, form=job.plan.form)


def _take(label: str, data: Data, file: str, mime: str, help: str | None = None) -> None:
    st.download_button(
        label,
        data,
        file.replace(" ", "-"),
        mime,
        icon=":material/download:",
        on_click="ignore",
        disabled=not data,
        help=help,
        key=f"fit_{label}",
    )


def curves_of_runs(jobs: dict[str, Job]) -> None:
    """One number of several runs in one chart, and the settings that differ."""
    left, right = st.columns([2, 1])
    chosen = left.pills("Runs", list(jobs), selection_mode="multi", default=list(jobs), key="fit_compared")
    number = right.selectbox("Metric", list(NUMBERS), key="fit_number")
    table, column, scale = NUMBERS[number]
    shots = {name: getattr(jobs[name].snapshot(), table) for name in chosen}
    curves = {name: (rows["step"], rows[column]) for name, rows in shots.items() if rows}
    show(compared_runs(curves, number, scale), "runs-compared")
    st.dataframe(differences({name: jobs[name].plan for name in chosen}), hide_index=True)


def differences(plans: dict[str, Plan]) -> dict[str, list[str]]:
    """One column per run, one row per setting that differs."""
    flat = {name: flat_settings(plan) for name, plan in plans.items()}
    keys = dict.fromkeys(key for settings in flat.values() for key in settings)
    rows = [key for key in keys if len({settings.get(key, "") for settings in flat.values()}) > 1]
    columns = {name: [settings.get(key, "") for key in rows] for name, settings in flat.items()}
    return {"setting": rows} | columns


def upload_weights() -> None:
    """Upload weights of an earlier run for the other pages."""
    with st.expander("Weights of an earlier run", icon=":material/upload:"):
        model = weights_upload("fit_upload")
        if model is not None:
            with st.container(horizontal=True):
                _use_elsewhere(model)


def _use_elsewhere(model: ModelInUse) -> None:
    """Keep a model that reads pictures for this browser, and link to the pages that use it."""
    if not model.reads_pictures:
        return
    keep_model(model)
    for target, key in (("predict", "model"), ("solvers", "race_model"))[: 2 if model.reads_digits else 1]:
        label, arrow = f"Use on {target.capitalize()}", ":material/arrow_forward:"
        query = {key: model.name}
        st.page_link(page(target), label=label, icon=arrow, query_params=query, width="content")


def _choose() -> None:
    """Show the chosen run; none, if another tab's runs have displaced it meanwhile."""
    chosen = st.session_state["fit_run"]
    show_run(next((job_id for job_id, number in _numbers().items() if f"run {number}" == chosen), None))


def show_run(job_id: str | None) -> None:
    """Store the run in link and session; one that is new to this browser gets the next number."""
    st.session_state[CURRENT] = job_id
    if job_id is None:
        st.query_params.pop("job", None)
        return
    st.query_params["job"] = job_id
    kept().keep_run(browser_key(), job_id, highest_number())


def remember_runs() -> None:
    """Have the browser remember how far its runs are numbered."""
    remember_numbers(_numbers())


def _numbers() -> dict[str, int]:
    """The ids of this browser's runs, the oldest first, with their numbers."""
    return kept().runs(browser_key())
