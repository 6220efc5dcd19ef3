"""A visitor's own data on the Train page: which task takes which, how it is split, and a batch that fits."""

from dataclasses import replace

import streamlit as st

from deq.data import OwnData, Points, Task
from deq.jobs import OWN_PICTURES, OWN_POINTS, Plan, task_of
from pages.ui.train.own_pictures import own_pictures
from pages.ui.train.own_points import forget_points, own_points

COARSE = 100  # test examples; with fewer, the page says how coarse the accuracy is


def draw_own(task: str) -> Points | OwnData | None:
    """The controls of own data, and the data; None for other tasks, and while there is none."""
    if task == OWN_POINTS:
        return own_points()
    forget_points()
    return own_pictures() if task == OWN_PICTURES else None


def is_ready(plan: Plan) -> bool:
    """Whether there is something to train on."""
    return plan.own is not None or plan.task not in (OWN_POINTS, OWN_PICTURES)


def fit_batch(plan: Plan) -> Plan:
    """The plan with a batch no larger than the training set, and a line on the page where it had to shrink."""
    if plan.own is None:
        return plan
    examples, wanted = len(task_of(plan)[0].train.y), plan.recipe.batch_size
    if wanted <= examples:
        return plan
    st.caption(
        f"Each batch is the whole training set, {examples} examples, because the batch size, {wanted}, is larger."
    )
    return replace(plan, recipe=replace(plan.recipe, batch_size=examples))


def split_sentence(task: Task) -> str:
    """How own data was split, and how coarse its accuracy is."""
    train, held, test = (len(part.y) for part in (task.train, task.validation, task.test))
    parts = f"{train:,} examples to train, {held:,} to validate, {test:,} to test"
    steps = f" Test accuracy is coarse: one example counts for {100 / test:.2g} %." if test < COARSE else ""
    return f"Split by class, the same way every time: {parts}.{steps}"
