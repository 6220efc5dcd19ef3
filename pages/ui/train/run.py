"""One run on the page: progress, numbers, charts; updated live until it ends."""

import math

import numpy as np
import streamlit as st

from deq.data import Points, Task
from deq.jobs import Job, Look, Plan, Snapshot, Status, load_task, task_of
from deq.plots.regions import class_regions
from deq.plots.training import decision_boundary, effort_map, fitted_curve
from deq.training.advice import advise
from pages.ui.server.memory import freeing_memory
from pages.ui.server.owner import is_mine
from pages.ui.server.runs import EVERY, progress_text, registry
from pages.ui.train.charts import panel
from pages.ui.train.own import split_sentence
from pages.ui.widgets.charts import show
from pages.ui.widgets.glossary import tip


def small_task(plan: Plan) -> Task:
    """The points of a curve, a shape or the visitor, drawn below the model's answers."""
    return task_of(plan)[0] if plan.own else _small_task(plan.task, plan.formula, plan.seed)


@st.cache_data(max_entries=20, show_spinner=False)
def _small_task(name: str, formula: str, seed: int) -> Task:
    return load_task(name, formula, seed)[0]


def draw_run(job: Job) -> None:
    """Draw the run: repeatedly while it is live, once when it has ended."""
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
    _controls(job, now)
    _progress(now)
    if now.message:
        (st.error if now.status in (Status.FAILED, Status.LOST) else st.info)(now.message)
    if len(now.training.get("step", ())):
        _numbers(now)
        if job.plan.own:
            st.caption(split_sentence(task_of(job.plan)[0]))
        for note in advise(now.training, now.validation):
            st.markdown(note)
        draw_look(job.plan, now.look)
        _curves(job.plan, now)


def _controls(job: Job, now: Snapshot) -> None:
    """Pause and stop while it is live, resume if possible; none of these for visitors who did not start it."""
    if not is_mine(job):
        st.caption(
            "You are watching somebody else's run. Only the visitor who started it can pause, stop or resume it."
        )
        return
    runs = registry()
    with st.container(horizontal=True):
        if now.status.is_live:
            pause, stop = (job, Status.PAUSED), (job, Status.STOPPED)
            st.button("Pause", icon=":material/pause:", key="fit_pause", on_click=runs.halt, args=pause)
            st.button("Stop", icon=":material/stop:", key="fit_stop", on_click=runs.halt, args=stop)
        elif job.can_resume:
            st.button(
                "Resume", icon=":material/play_arrow:", key="fit_resume", on_click=runs.resume, args=(job,)
            )


def _progress(now: Snapshot) -> None:
    share = now.step / now.steps if now.steps else 0.0
    st.progress(min(share, 1.0), text=progress_text(now))


def _numbers(now: Snapshot) -> None:
    """The latest numbers; accuracy for classes, otherwise the loss."""
    where, loss, accuracy = _latest(now)
    with st.container(horizontal=True, gap="large"):
        if math.isfinite(accuracy):
            st.metric(f"{where} accuracy", f"{100 * accuracy:.1f} %", width="content")
        else:
            st.metric(f"{where} loss", f"{loss:.3g}", help=tip("loss"), width="content")
        st.metric("Evaluations", f"{now.training['nfe'][-1]:.1f}", help=tip("NFE"), width="content")
        share = 100 * now.training["converged"][-1]
        st.metric("Converged", f"{share:.3g} %", help=tip("converged"), width="content")
        radius = now.validation["spectral_radius"]
        if len(radius) and math.isfinite(radius[-1]):
            st.metric("Spectral radius", f"{radius[-1]:.2f}", help=tip("spectral radius"), width="content")


def _latest(now: Snapshot) -> tuple[str, float, float]:
    """Loss and accuracy on the test set once measured, else on the validation set, else in training."""
    if now.test is not None and not now.status.is_live:
        return "Test", float(now.test.loss), float(now.test.accuracy)
    where, known = (
        ("Validation", now.validation) if len(now.validation["step"]) else ("Training", now.training)
    )
    return where, known["loss"][-1], known["accuracy"][-1]


def draw_look(plan: Plan, look: Look | None) -> None:
    """The model's answers over a line or plane; nothing for pictures."""
    if look is None:
        return
    task = small_task(plan)
    if look.x.shape[1] == 1:
        figure = fitted_curve(
            task.train.x[:, 0], task.train.y[:, 0], look.x[:, 0], look.answer, look.converged
        )
        show(figure, "fit_curve", "The model's answers and the training points.")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        if isinstance(own := plan.own, Points) and look.probabilities is not None:
            figure = class_regions(own.x, own.labels, look.x, look.probabilities, own.classes)
            show(figure, "fit_regions", "The most probable class, paler in doubt, and all points.")
        else:
            figure = decision_boundary(task.train.x, task.train.y, look.x, look.answer)
            show(figure, "fit_boundary", "The decision boundary and the training points.")
    with right:
        figure = effort_map(look.x, look.nfe, look.converged)
        show(figure, "fit_effort", "Evaluations needed at each point of the plane.")


def _curves(plan: Plan, now: Snapshot) -> None:
    """Loss, accuracy, evaluations, residual and spectral radius against updates."""
    seen, held = now.training, now.validation

    def both(name: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        return {"training": (seen["step"], seen[name]), "validation": (held["step"], held[name])}

    columns = st.columns(3, gap="medium") + st.columns(3, gap="medium")
    with columns[0]:
        panel("loss", both("loss"), log=True, key="fit_loss")
    with columns[1]:
        if np.isfinite(seen["accuracy"]).any():
            panel("accuracy", both("accuracy"), share=True, key="fit_accuracy")
        else:
            panel(
                "gradient norm",
                {"training": (seen["step"], seen["gradient_norm"])},
                log=True,
                key="fit_norms",
            )
    with columns[2]:
        effort = {"forward": (seen["step"], seen["nfe"]), "backward": (seen["step"], seen["backward_nfe"])}
        panel("evaluations per solve", effort, key="fit_nfe")
    with columns[3]:
        tol = float(plan.recipe.solver.tol)
        panel(
            "relative residual",
            {"training": (seen["step"], seen["residual"])},
            log=True,
            level=tol,
            key="fit_res",
        )
    with columns[4]:
        panel("converged", both("converged"), share=True, key="fit_converged")
    with columns[5]:
        radius = {"validation": (held["step"], held["spectral_radius"])}
        panel("spectral radius", radius, level=1.0, key="fit_radius")
