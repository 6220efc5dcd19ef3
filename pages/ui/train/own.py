"""A visitor's own data on the Train page: points, or a zip of pictures; how it is split, and a batch that fits."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from deq.data import DatasetError, Form, OwnData, Points, Task, load_zip
from deq.data.bundles import MOST_PICTURES
from deq.images.pixels import enlarged
from deq.jobs import OWN_PICTURES, OWN_POINTS, Plan, task_of
from pages.ui.train.own_points import forget_points, own_points
from pages.ui.widgets.text import listed, plain, rough, short

UPLOAD = "fit_pictures"
SHOWN, NAMED = 15, 8  # pictures in the strip, names of classes
ZOOM = 2
READINGS = {"depending on the classes": "", "as digits": "digits", "whole": "plain"}
Result = OwnData | str  # what was read, or why it cannot be
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
    parts = f"{train:,} examples for training, {held:,} for validation, {test:,} for testing"
    steps = (
        f" Test accuracy is coarse: one example counts for {rough(100 / test)} %." if test < COARSE else ""
    )
    return f"Split with each class in proportion, the same way every time: {parts}.{steps}"


def own_pictures() -> OwnData | None:
    """The uploader and what it holds, read in memory for this session alone: a zip with a folder for each class.

    None, with a line why, until it holds pictures to learn from.
    """
    left, right = st.columns([2, 1], gap="medium")
    upload = left.file_uploader(
        "A zip with a folder for each class",
        ["zip"],
        key=UPLOAD,
        help=f"CLASS/NAME.png, or train/CLASS/NAME.png and test/CLASS/NAME.png; at most {MOST_PICTURES:,} pictures in "
        "any common format. They become grey pictures of 28 × 28 pixels.",
    )
    how = right.selectbox(
        "Read pictures",
        READINGS,
        key="fit_reader",
        bind="query-params",
        help="As digits: cut out and centred, white on black. Whole: grey, on a square, scaled down. "
        "Depending on the classes: as digits if every class is a digit, otherwise whole.",
    )
    if upload is None:
        st.info(
            "Upload your pictures to start. They stay in this session: a link says that you trained on your own "
            "pictures, and anyone who opens it is asked for their own.",
            icon=":material/folder_zip:",
        )
        return None
    form = Form(reader=READINGS[how])
    found = _read(upload.file_id, short(upload.name, 60), form, upload.getvalue())
    if isinstance(found, str):
        st.error(plain(found))
        return None
    st.markdown(plain(summary(found)))
    if found.skipped:
        st.warning(plain(found.skipped))
    return found


def summary(own: OwnData) -> str:
    """For example: 60 pictures, kept whole, in 3 classes: a, b and c."""
    data, names = own.dataset, [short(name) for name in own.form.classes]
    some = names if len(names) <= NAMED else [*names[: NAMED - 1], f"{len(names) - NAMED + 1} more"]
    count = len(data.train_labels) + len(data.test_labels)
    kept = "cut out and centred as digits" if own.form.reader == "digits" else "kept whole"
    return f"{count:,} pictures, {kept}, in {len(names)} classes: {listed(some)}."


def draw_strip(own: OwnData) -> None:
    """Some of the pictures, as the model sees them, in a row that wraps on a phone."""
    images = own.dataset.train_images[:SHOWN, ..., 0]
    shades = images if images.dtype == np.uint8 else (255 * images).astype(np.uint8)
    with st.container(horizontal=True, gap="small"):
        for image in shades:
            st.image(enlarged(image, ZOOM), width=28 * ZOOM, output_format="PNG")
    st.caption("Some of the pictures, as the model sees them.")


@st.cache_data(scope="session", max_entries=2, show_spinner=False)
def _read(key: str, name: str, form: Form, _data: bytes) -> Result:
    """The pictures, read once per upload and session; `key` stands for the bytes."""
    try:
        return load_zip(_data, name, form, track=_progress)
    except DatasetError as error:
        return str(error)


def _progress(pictures: list[Any]) -> Iterable[Any]:
    """The pictures, with a bar while they are read."""
    bar = st.progress(0.0, "Reading the pictures")
    for i, picture in enumerate(pictures):
        if i % 20 == 0:
            bar.progress(i / len(pictures), f"Reading the pictures: {i:,} of {len(pictures):,}")
        yield picture
    bar.empty()
