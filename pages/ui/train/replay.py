"""What the page sends to the replay of a run on points: the plane at each moment, and each moment in numbers."""

import base64
import math
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from deq.data import Points, Task
from deq.data.points import LETTERS
from deq.images.moving import moving_picture
from deq.jobs import Frame, Job, Plan, Snapshot, Status, frame_at, load_task, task_of
from deq.jobs.film import CLASSES, CONFIDENCES, COSTS, FAILED, HALF_WIDTH, SIDE, Moment, costs
from deq.plots.classes import class_look
from deq.plots.style import FAILED_RED, SEQUENTIAL
from pages.ui.widgets.charts import offer
from pages.ui.widgets.downloads import Table
from pages.ui.widgets.live import live_component

SCRIPT = Path(__file__).parent / "replay.js"
KEY = "fit_replay"
PALE, STRONG = 0.08, 0.5  # opacity of a class in doubt and beyond doubt
ANSWERS, EVALUATIONS = "Answers", "Evaluations"
SHOWN_PLANE = "fit_map"  # key of the choice between them; in the link


def small_task(plan: Plan) -> Task:
    """The points of a curve, a shape or the visitor, drawn with the model's answers."""
    return task_of(plan)[0] if plan.own else _small_task(plan.task, plan.formula, plan.seed)


@st.cache_data(max_entries=20, show_spinner=False)
def _small_task(name: str, formula: str, seed: int) -> Task:
    return load_task(name, formula, seed)[0]


@st.cache_data(max_entries=30, show_spinner="Solving")
def untrained(plan: Plan) -> Frame:
    """The plane before training; not validated, so that it appears at once."""
    return frame_at(plan.new_model(), plan.recipe, 0)


def preview_plane(plan: Plan) -> None:
    """The plane before the first run."""
    _draw(plan, "", [untrained(plan)], live=True, lost=False, total=0)


def replay(job: Job, now: Snapshot) -> None:
    """The plane at each kept moment of a run; while it is live, the newest."""
    film = frames_of(now) or (untrained(job.plan),)
    offer("replay", lambda: film_table(film))
    _draw(job.plan, job.id, film, live=now.status.is_live, lost=is_lost(now), total=now.steps)


def frames_of(now: Snapshot) -> tuple[Frame, ...]:
    return tuple(one for one in now.film if isinstance(one, Frame))


def _draw(plan: Plan, run: str, frames: Sequence[Frame], *, live: bool, lost: bool, total: int) -> None:
    """All frames in one message: scrubbing asks nothing of the server."""
    shown = st.segmented_control(
        "Show",
        [ANSWERS, EVALUATIONS],
        default=ANSWERS,
        required=True,
        key=SHOWN_PLANE,
        bind="query-params",
        label_visibility="collapsed",
    )
    cells, low, high = _cells(frames, shown or ANSWERS)
    own = {
        "side": SIDE,
        "half": HALF_WIDTH,
        "points": _points(plan),
        "looks": [[name, *class_look(name)] for name in classes_of(plan)],
        "shades": [PALE, STRONG],
        "effort": shown == EVALUATIONS,
        "range": [low, high],
        "at": "in",
        "where": "the plane",
    }
    data = (
        moments_of(frames, cells.tobytes()) | own | {"run": run, "live": live, "lost": lost, "total": total}
    )
    live_component(SCRIPT)(key=KEY, data=data)


def moments_of(film: Sequence[Moment], packed: bytes) -> dict[str, Any]:
    """What both films tell of each moment."""
    return {
        "frames": base64.b64encode(zlib.compress(packed)).decode(),
        "steps": [one.step for one in film],
        "converged": [one.converged for one in film],
        "loss": _known(one.loss for one in film),
        "accuracy": _known(one.accuracy for one in film),
        "radius": _known(one.spectral_radius for one in film),
        "median": [one.evaluations for one in film],
        "failed": FAILED_RED,
    }


def _cells(frames: Sequence[Frame], shown: str) -> tuple[np.ndarray, int, int]:
    """The cells of the chosen view, (frames, SIDE * SIDE) uint8, and the range of the evaluations."""
    if shown == EVALUATIONS:
        return costs(frames)
    return np.stack([frame.cells for frame in frames]), 0, 0


@lru_cache(1)
def _ramp() -> np.ndarray:
    """(COSTS, 3) uint8: the colours from few evaluations to many."""
    places, colors = zip(*SEQUENTIAL, strict=True)
    stops = np.array([rgb_of(color) for color in colors])
    along = np.linspace(0, 1, COSTS)
    return np.stack([np.interp(along, places, stop) for stop in stops.T], axis=1).round().astype(np.uint8)


def film_table(frames: Sequence[Moment]) -> Table:
    names = ("step", "loss", "accuracy", "converged", "spectral_radius", "evaluations")
    return {name: [getattr(frame, name) for frame in frames] for name in names}


def is_lost(now: Snapshot) -> bool:
    """Whether the equilibrium is lost in the last frame."""
    return now.lost or now.status is Status.LOST


def with_loss(texts: list[str], film: Sequence[Moment], lost: bool) -> list[str]:
    """The texts below a film; the last one says so if the equilibrium is lost then."""
    return [*texts[:-1], f"Update {film[-1].step:,}: the equilibrium is lost"] if lost else texts


def moving(plan: Plan, film: Sequence[Frame], lost: bool, shown: str = ANSWERS) -> bytes:
    """The film as a GIF of the chosen view, in the colours of the page on white."""
    cells, low, high = _cells(film, shown)
    cells = cells.reshape(-1, SIDE, SIDE)[:, ::-1]
    failed = cells >= FAILED
    shaded = _ramp()[cells % FAILED] if shown == EVALUATIONS else _class_shades(plan, cells)
    red = np.array(rgb_of(FAILED_RED), float)
    grids = np.where(failed[..., None], 0.6 * 255 + 0.4 * red, shaded).round().astype(np.uint8)
    scale = f", {low} (dark) to {high} evaluations" if shown == EVALUATIONS else ""
    texts = [
        f"Update {one.step:,}: solves converge in {100 * one.converged:.3g} % of the plane{scale}"
        for one in film
    ]
    place = [(0.5 + x / (2 * HALF_WIDTH), 0.5 - y / (2 * HALF_WIDTH), k) for x, y, k in _points(plan)]
    marks = [(x, y, rgb_of(class_look(classes_of(plan)[int(k)])[0])) for x, y, k in place]
    return moving_picture(grids, failed, rgb_of(FAILED_RED), with_loss(texts, film, lost), marks)


def _class_shades(plan: Plan, cells: np.ndarray) -> np.ndarray:
    """The colour of each cell's class, the paler the less sure: (..., 3)."""
    colors = np.array([rgb_of(class_look(name)[0]) for name in classes_of(plan)], float)
    share = PALE + (STRONG - PALE) * (cells % FAILED // CLASSES)[..., None] / (CONFIDENCES - 1)
    return 255 * (1 - share) + share * colors[cells % CLASSES]


def rgb_of(color: str) -> tuple[int, int, int]:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


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
    rounded = np.round(np.asarray(places, float), 2).tolist()
    return [[x, y, k] for (x, y), k in zip(rounded, np.asarray(labels).tolist(), strict=True)]
