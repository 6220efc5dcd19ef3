"""The runs of a session: which there are, which one is looked at, how they compare, what can be taken away."""

import json
from typing import Literal

import streamlit as st

from deq.jobs import Job, Plan, as_dict, flat_settings
from deq.models.weights import weights_of
from deq.plots.training import compared_runs
from pages.ui.readers.model import ModelInUse, keep_model, own_model
from pages.ui.readers.uploads import weights_upload
from pages.ui.server.owner import claim, is_mine, this_browser
from pages.ui.train.run import registry
from pages.ui.widgets.charts import show
from pages.ui.widgets.downloads import csv_button
from pages.ui.widgets.links import LISTED
from pages.ui.widgets.navigation import page

RUNS, CURRENT = "fit_runs", "fit_job"
MOST_LIVE = 3  # runs that one visitor may have going or waiting
MOST_LISTED = 8  # runs that one visitor's list keeps, the newest
NUMBERS: dict[str, tuple[str, str, Literal["linear", "log"]]] = {
    "validation accuracy": ("validation", "accuracy", "linear"),
    "validation loss": ("validation", "loss", "log"),
    "training loss": ("training", "loss", "log"),
    "evaluations a solve": ("training", "nfe", "linear"),
    "spectral radius": ("validation", "spectral_radius", "linear"),
}


def current_job() -> Job | None:
    """The run in the link, or the last one looked at; a run of the link joins this session's list."""
    wanted = st.query_params.get("job") or st.session_state.get(CURRENT)
    job = registry().get(wanted) if wanted else None
    if job is None:
        if wanted:
            st.info("That run is no longer on this server. Start it again: its settings are in the link.")
            _look_at(None)
        return None
    _look_at(job.id)
    return job


def start(plan: Plan) -> None:
    """Submit the plan and look at its run; says so where there is no room."""
    if sum(job.status.is_live and is_mine(job) for job in session_jobs().values()) >= MOST_LIVE:
        st.session_state["fit_refused"] = f"You have {MOST_LIVE} runs going: stop one of them first."
        return
    try:
        job = registry().submit(plan, this_browser())
        claim(job)
        _look_at(job.id)
    except ValueError as error:
        st.session_state["fit_refused"] = str(error)


def session_jobs() -> dict[str, Job]:
    """This session's runs that the server still keeps, by their name on the page, the oldest first."""
    found = {f"run {number}": registry().get(job_id) for job_id, number in _numbers().items()}
    return {name: job for name, job in found.items() if job is not None}


def name_of(job: Job) -> str:
    return f"run {_numbers()[job.id]}"


def choose_run(jobs: dict[str, Job], job: Job) -> None:
    """Which run to look at, where there are several."""
    if len(jobs) < 2:
        return
    st.session_state["fit_run"] = name_of(job)
    st.segmented_control("Run", list(jobs), key="fit_run", required=True, on_change=_choose)


def take_away(job: Job) -> None:
    """Downloads and the ways to other pages, once the run is at rest."""
    name, model = name_of(job), job.model
    now = job.snapshot()
    with st.container(horizontal=True, vertical_alignment="center"):
        if model is not None:
            weights = weights_of(model, job.plan.architecture)
            _use_elsewhere(own_model(name, weights, job.plan.recipe.solver))
            st.download_button(
                "Weights",
                weights,
                f"{name}.safetensors".replace(" ", "-"),
                "application/octet-stream",
                icon=":material/download:",
                on_click="ignore",
                key="fit_weights",
                help="A safetensors file that describes its architecture: upload it here again at any time.",
            )
        if len(now.training.get("step", ())):
            csv_button("History", now.training, f"{name}-history.csv".replace(" ", "-"))
        st.download_button(
            "Settings",
            json.dumps(as_dict(job.plan), indent=2) + "\n",
            f"{name}.json".replace(" ", "-"),
            "application/json",
            icon=":material/download:",
            on_click="ignore",
            key="fit_settings",
        )


def compare(jobs: dict[str, Job]) -> None:
    """One number of several runs on one chart, and the settings in which they differ."""
    with st.expander("Compare runs", icon=":material/stacked_line_chart:"):
        left, right = st.columns([2, 1])
        chosen = left.pills(
            "Runs", list(jobs), selection_mode="multi", default=list(jobs), key="fit_compared"
        )
        number = right.selectbox("Number", list(NUMBERS), key="fit_number")
        table, column, scale = NUMBERS[number]
        shots = {name: getattr(jobs[name].snapshot(), table) for name in chosen}
        curves = {name: (rows["step"], rows[column]) for name, rows in shots.items() if rows}
        show(compared_runs(curves, number, scale), "fit_comparison")
        st.dataframe(differences({name: jobs[name].plan for name in chosen}), hide_index=True)


def differences(plans: dict[str, Plan]) -> dict[str, list[str]]:
    """A column a run, a row for each setting in which they differ."""
    flat = {name: flat_settings(plan) for name, plan in plans.items()}
    keys = dict.fromkeys(key for settings in flat.values() for key in settings)
    rows = [key for key in keys if len({settings.get(key, "") for settings in flat.values()}) > 1]
    columns = {name: [settings.get(key, "") for key in rows] for name, settings in flat.items()}
    return {"setting": rows} | columns


def upload_weights() -> None:
    """Weights of an earlier run, for the pages that use models."""
    with st.expander("Weights of an earlier run", icon=":material/upload:"):
        model = weights_upload("fit_upload")
        if model is not None:
            with st.container(horizontal=True):
                _use_elsewhere(model)


def _use_elsewhere(model: ModelInUse) -> None:
    """Links to the pages that take a digit reader; the session keeps the model for them."""
    if not model.reads_digits:
        return
    keep_model(model)
    for target, key in (("predict", "model"), ("solvers", "race_model")):
        label, arrow = f"Use on {target.capitalize()}", ":material/arrow_forward:"
        query = {key: model.name}
        st.page_link(page(target), label=label, icon=arrow, query_params=query, width="content")


def _choose() -> None:
    number = int(st.session_state["fit_run"].removeprefix("run "))
    _look_at(next(job_id for job_id, other in _numbers().items() if other == number))


def _look_at(job_id: str | None) -> None:
    """Put the run into the link and the session; a new one gets the next number."""
    st.session_state[CURRENT] = job_id
    if job_id is None:
        st.query_params.pop("job", None)
        return
    st.query_params["job"] = job_id
    numbers = _numbers()
    numbers.setdefault(job_id, max(numbers.values(), default=0) + 1)
    for old in [other for other in numbers if other != job_id][: len(numbers) - MOST_LISTED]:
        del numbers[old]
    if len(numbers) > 1:
        st.query_params[LISTED] = "~".join(f"{number}.{other}" for other, number in numbers.items())


def _numbers() -> dict[str, int]:
    """The ids of this session's runs, the oldest first, with their numbers.

    They stand in the address too, so that a refresh, which begins a new session, finds them again. Only
    who has an id reaches its run; a copied link leaves the list out.
    """
    if RUNS not in st.session_state:
        st.session_state[RUNS] = {}
        for entry in st.query_params.get(LISTED, "").split("~")[:MOST_LISTED]:
            number, _, job_id = entry.partition(".")
            if number.isascii() and number.isdigit() and len(number) < 5 and registry().get(job_id):
                st.session_state[RUNS][job_id] = int(number)
    return st.session_state[RUNS]
