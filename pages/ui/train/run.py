"""One run on the page: progress, numbers, the answers so far, charts; updated live until it ends."""

import math
from collections.abc import Callable
from functools import partial

import streamlit as st

from deq.jobs import Columns, Job, Look, Plan, Snapshot, Status, look_at, sizes, task_of
from deq.jobs.film import UNKNOWN as UNTESTED
from deq.plots.training import fitted_curve
from deq.training.advice import advise
from pages.ui.server.memory import freeing_memory
from pages.ui.server.owner import is_mine
from pages.ui.server.runs import EVERY, progress_text, registry
from pages.ui.train.own import split_sentence
from pages.ui.train.replay import ANSWERS, SHOWN_PLANE, frames_of, is_lost, moving, replay, small_task
from pages.ui.train.runs import draw_downloads, links_elsewhere, weights_file
from pages.ui.train.states import moving_states, replay_states, states_of
from pages.ui.widgets.charts import show
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.live.panels import Curve, panel
from pages.ui.widgets.text import brief

SHOWN, BUTTONS = "fit_shown", "fit_buttons"
NOTES = 132  # pixels: a message of four lines
# Streamlit fades what it has not drawn again yet; here that would be every chart, every second. The buttons and the
# progress take fewer lines when a run has ended.
STEADY = f"""
.st-key-{SHOWN} [data-stale] {{ opacity: 1 !important; transition: none; }}
.st-key-{BUTTONS} {{ min-height: 40px; align-content: flex-start; }}
.st-key-{SHOWN} [data-testid=stProgress] {{ min-height: 62px; }}
@media (max-width: 640px) {{
  .st-key-{BUTTONS} {{ min-height: 96px; }}
}}
"""
UNKNOWN = "-"


def draw_run(job: Job) -> None:
    """Draw the run: repeatedly while it is live, once when it has ended."""
    with st.container(key=SHOWN):
        st.html(f"<style>{STEADY}</style>")
        if job.status.is_live:
            _live(job.id)
            return
        with st.container():  # as a fragment has one: charts stay where they are when the run ends
            _draw(job, job.snapshot())


@st.fragment(run_every=EVERY)
def _live(job_id: str) -> None:
    job = registry().get(job_id)
    if job is None or not job.status.is_live:
        st.rerun()
    with freeing_memory():
        _draw(job, job.snapshot())


def _draw(job: Job, now: Snapshot) -> None:
    """Everything has its place from the start; what is not known yet is empty."""
    inputs, _ = sizes(job.plan.task, job.plan.own)
    first, second, *others = _charts(job.plan, now)
    left, right = st.columns(2, gap="medium")
    with left:  # what the run is about, where the preview was
        if inputs == 1:
            draw_curve(job.plan, now.look)
        else:
            (replay if inputs == 2 else replay_states)(job, now)
    with right:
        _controls(job, now)
        _progress(now)
        _numbers(job.plan, now)
        _notes(job.plan, now)
        first()
        second()
    with st.expander("More charts", icon=":material/monitoring:"):
        columns = st.columns(2, gap="medium")
        for place, draw in enumerate(others):
            with columns[place % 2]:
                draw()


def _controls(job: Job, now: Snapshot) -> None:
    """Pause and stop while it is live, resume if possible, for whoever started it; then all that can be downloaded."""
    if not is_mine(job):
        st.caption(
            "You are watching somebody else's run. Only the visitor who started it can pause, stop or resume it."
        )
    with st.container(horizontal=True, vertical_alignment="center", key=BUTTONS):
        if is_mine(job):
            _halt_or_resume(job, now)
        weights = weights_file(job, now)
        links_elsewhere(job, weights)
        with st.popover("Save", icon=":material/download:", disabled=now.status.is_live, key="fit_save"):
            draw_downloads(job, now, weights)
            if sizes(job.plan.task, job.plan.own)[0] > 1:
                _film_button(job, now)


def _film_button(job: Job, now: Snapshot) -> None:
    """The film as a GIF, made when the button is clicked."""
    shown = st.session_state.get(SHOWN_PLANE, ANSWERS)  # now: the click has no session
    ready = bool(now.film) and not now.status.is_live

    def make() -> bytes:
        if states := states_of(now):
            return moving_states(job.plan, states, is_lost(now))
        return moving(job.plan, frames_of(now), is_lost(now), shown)

    st.download_button(
        "Replay (GIF)",
        make if ready else "",
        "training.gif",
        "image/gif",
        icon=":material/download:",
        on_click="ignore",
        disabled=not ready,
        help="At most 1.5 MB.",
        key="fit_film",
    )


def _halt_or_resume(job: Job, now: Snapshot) -> None:
    runs = registry()
    if now.status.is_live:
        pause, stop = (job, Status.PAUSED), (job, Status.STOPPED)
        st.button("Pause", icon=":material/pause:", key="fit_pause", on_click=runs.halt, args=pause)
        st.button("Stop", icon=":material/stop:", key="fit_stop", on_click=runs.halt, args=stop)
    elif job.can_resume:
        st.button("Resume", icon=":material/play_arrow:", key="fit_resume", on_click=runs.resume, args=(job,))


def _progress(now: Snapshot) -> None:
    share = now.step / now.steps if now.steps else 0.0
    st.progress(min(share, 1.0), text=progress_text(now))


def _notes(plan: Plan, now: Snapshot) -> None:
    """What went wrong, else what the numbers mean, in a box of fixed height."""
    with st.container(height=NOTES, border=False):
        if now.message:
            (st.error if now.status in (Status.FAILED, Status.LOST) else st.info)(now.message)
        if plan.own:
            st.caption(split_sentence(task_of(plan)[0]))
        for note in advise(now.training, now.validation):
            st.markdown(note)


def _numbers(plan: Plan, now: Snapshot) -> None:
    """The latest numbers; accuracy for classes, otherwise the loss."""
    nfe, share = (_last(now.training, name) for name in ("nfe", "converged"))
    tested = UNTESTED if now.status.is_live or now.test is None else now.test
    with st.container(horizontal=True, gap="small"):
        if sizes(plan.task, plan.own)[0] > 1:
            right = {"Validation": _last(now.validation, "accuracy"), "Test": float(tested.accuracy)}
            for where, accuracy in right.items():
                st.metric(f"{where} accuracy", _said(100 * accuracy, "{:.1f} %"), width="content")
        else:
            losses = {"Validation": _last(now.validation, "loss"), "Test": float(tested.loss)}
            for where, loss in losses.items():
                said = brief(loss) if math.isfinite(loss) else UNKNOWN
                st.metric(f"{where} loss", said, help=tip("loss"), width="content")
        st.metric("Evaluations", _said(nfe, "{:.1f}"), help=tip("NFE"), width="content")
        st.metric("Converged", _said(100 * share, "{:.3g} %"), help=tip("converged"), width="content")


def _last(columns: Columns, name: str) -> float:
    return float(columns[name][-1]) if len(columns.get(name, ())) else math.nan


def _said(value: float, form: str) -> str:
    return form.format(value) if math.isfinite(value) else UNKNOWN


def draw_curve(plan: Plan, look: Look | None) -> None:
    """The model's answers over a line, and the training points."""
    try:
        train = small_task(plan).train
    except ValueError:  # a formula without values: the run says so
        return
    if (look := look or untrained_curve(plan)) is None:
        return
    figure = fitted_curve(train.x[:, 0], train.y[:, 0], look.x, look.answer, look.converged)
    show(figure, "fitted-curve", "The model's answers and the training points.")


@st.cache_data(max_entries=30, show_spinner="Solving")
def untrained_curve(plan: Plan) -> Look | None:
    """The answers of untrained weights."""
    return look_at(plan.new_model(), small_task(plan), plan.recipe)


def _charts(plan: Plan, now: Snapshot) -> list[Callable[[], None]]:
    """Charts against updates, the two that matter most first."""
    seen, held = now.training, now.validation

    def both(name: str) -> dict[str, Curve]:
        return {"training": (seen["step"], seen[name]), "validation": (held["step"], held[name])}

    def training(*names: tuple[str, str]) -> dict[str, Curve]:
        return {label: (seen["step"], seen[name]) for label, name in names}

    radius = {"validation": (held["step"], held["spectral_radius"])}
    tol = float(plan.recipe.solver.tol)
    charts = [
        partial(panel, "loss", both("loss"), log=True, key="fit_loss"),
        partial(panel, "spectral radius", radius, level=1.0, key="fit_radius"),
        partial(panel, "converged", both("converged"), share=True, key="fit_converged"),
        partial(
            panel,
            "evaluations per solve",
            training(("forward", "nfe"), ("backward", "backward_nfe")),
            key="fit_nfe",
        ),
        partial(
            panel, "relative residual", training(("training", "residual")), log=True, level=tol, key="fit_res"
        ),
    ]
    inputs, _ = sizes(plan.task, plan.own)
    if inputs == 1:
        return [
            *charts,
            partial(
                panel, "gradient norm", training(("training", "gradient_norm")), log=True, key="fit_norms"
            ),
        ]
    accuracy = partial(panel, "accuracy", both("accuracy"), share=True, key="fit_accuracy")
    return [charts[0], accuracy, *charts[1:]] if inputs > 2 else [*charts, accuracy]
