"""What the page sends to the replay of a run: the frames of its film, its points, and each moment in numbers."""

import base64
import math
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from deq.data import Points, Task
from deq.data.points import LETTERS
from deq.jobs import Frame, Job, Plan, Snapshot, Status, frame_at, load_task, task_of
from deq.jobs.film import HALF_WIDTH, SIDE
from deq.plots.classes import class_look
from deq.plots.style import FAILED_RED
from pages.ui.widgets.live import live_component

SCRIPT = Path(__file__).parent / "replay.js"
KEY = "fit_replay"


def small_task(plan: Plan) -> Task:
    """The points of a curve, a shape or the visitor, drawn with the model's answers."""
    return task_of(plan)[0] if plan.own else _small_task(plan.task, plan.formula, plan.seed)


@st.cache_data(max_entries=20, show_spinner=False)
def _small_task(name: str, formula: str, seed: int) -> Task:
    return load_task(name, formula, seed)[0]


@st.cache_data(max_entries=30, show_spinner="Solving")
def untrained(plan: Plan) -> Frame:
    """The plane before training; not validated, so that it is there soon."""
    return frame_at(plan.new_model(), plan.recipe, 0)


def preview_plane(plan: Plan) -> None:
    """The plane before the first run."""
    _draw(plan, "", [untrained(plan)], live=True, lost=False, total=0)


def replay(job: Job, now: Snapshot) -> None:
    """The plane at each kept moment of a run; while it is live, the newest."""
    lost = now.lost or now.status is Status.LOST
    frames = now.film or (untrained(job.plan),)
    _draw(job.plan, job.id, frames, live=now.status.is_live, lost=lost, total=now.steps)


def _draw(plan: Plan, run: str, frames: Sequence[Frame], *, live: bool, lost: bool, total: int) -> None:
    """All frames in one message: while somebody scrubs, nothing is asked of the server."""
    cells = np.stack([frame.cells for frame in frames])
    data = {
        "run": run,
        "live": live,
        "lost": lost,
        "total": total,
        "frames": base64.b64encode(zlib.compress(cells.tobytes())).decode(),
        "steps": [frame.step for frame in frames],
        "converged": [frame.converged for frame in frames],
        "loss": _known(frame.loss for frame in frames),
        "accuracy": _known(frame.accuracy for frame in frames),
        "radius": _known(frame.spectral_radius for frame in frames),
        "side": SIDE,
        "half": HALF_WIDTH,
        "points": _points(plan),
        "looks": [[name, *class_look(name)] for name in classes_of(plan)],
        "failed": FAILED_RED,
    }
    live_component(SCRIPT)(key=KEY, data=data)


def classes_of(plan: Plan) -> tuple[str, ...]:
    """The letters of the classes, in the order of their labels."""
    return plan.own.classes if isinstance(plan.own, Points) else tuple(LETTERS[:2])


def _known(values: Iterable[float]) -> list[float | None]:
    """JSON has no NaN."""
    return [value if math.isfinite(value) else None for value in values]


def _points(plan: Plan) -> list[list[float]]:
    """Rows of x, y and label: the training points, or all of the visitor's own."""
    if isinstance(own := plan.own, Points):
        places, labels = own.x, own.labels
    else:
        train = small_task(plan).train
        places, labels = train.x, train.y
    return [
        [round(float(x), 2), round(float(y), 2), int(k)] for (x, y), k in zip(places, labels, strict=True)
    ]
