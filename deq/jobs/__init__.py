"""Training in the background: plans, jobs and their registry."""

from deq.jobs.comparison import Comparison, Comparisons
from deq.jobs.film import Frame, frame_at, in_plane, validated
from deq.jobs.job import Job
from deq.jobs.plan import (
    OWN,
    OWN_PICTURES,
    OWN_POINTS,
    PICTURE_NAMES,
    TASK_NAMES,
    Plan,
    as_dict,
    flat_settings,
    load_task,
    sizes,
    task_of,
)
from deq.jobs.record import Columns, Look, Snapshot, Status, history, look_at
from deq.jobs.registry import Registry
from deq.jobs.speed import unit_of_work
from deq.jobs.states import States

__all__ = [
    "OWN",
    "OWN_PICTURES",
    "OWN_POINTS",
    "PICTURE_NAMES",
    "TASK_NAMES",
    "Columns",
    "Comparison",
    "Comparisons",
    "Frame",
    "Job",
    "Look",
    "Plan",
    "Registry",
    "Snapshot",
    "States",
    "Status",
    "as_dict",
    "flat_settings",
    "frame_at",
    "history",
    "in_plane",
    "load_task",
    "look_at",
    "sizes",
    "task_of",
    "unit_of_work",
    "validated",
]
