"""Many pictures at once: a table of what the model reads in each, and which of them to look into."""

from itertools import islice

import numpy as np
import streamlit as st

from deq.images import PictureError, is_zip, pictures_in
from deq.models.checkpoints import Checkpoint
from deq.models.inference import Census, take_census
from deq.solvers import Solver
from pages.ui.predict.readings import Reading, Settings, read_files
from pages.ui.predict.ways import File
from pages.ui.readers.models import SessionModel
from pages.ui.widgets.downloads import csv_button

BLOCK = 32  # digits are solved in blocks of one shape, compiled once


def choose_picture(
    files: list[File], chosen: Checkpoint | SessionModel, solver: Solver, how: Settings
) -> bytes:
    """The bytes of the picture to look into: the newest, or the row chosen in a table of many.

    Raises:
        PictureError: that picture could not be unpacked.
    """
    if len(files) == 1 and not is_zip(files[0].data):
        return files[0].data
    readings = read_files(files, how)
    reading = readings[_choose_row(readings, files[-1].key, chosen, solver)]
    if reading.error:
        raise PictureError(reading.error)
    _, data = next(islice(pictures_in(files[reading.file].data), reading.member, None))
    if isinstance(data, PictureError):
        raise data
    return data


def answer_all(
    readings: list[Reading], chosen: Checkpoint | SessionModel, solver: Solver
) -> list[Census | None]:
    """The model's answers to the digits of each picture; None where none was found."""
    counts = [len(reading.images) for reading in readings]
    if not sum(counts):
        return [None] * len(counts)
    filled = np.zeros((-(-sum(counts) // BLOCK) * BLOCK, 28, 28, 1), np.uint8)
    filled[: sum(counts), ..., 0] = np.concatenate([reading.images for reading in readings])
    all_ = take_census(chosen.model, filled, solver, BLOCK)
    ends = np.cumsum(counts)
    columns = all_.probabilities, all_.nfe, all_.residual, all_.converged
    return [
        Census(*(c[end - n : end] for c in columns)) if n else None
        for n, end in zip(counts, ends, strict=True)
    ]


def columns_of(readings: list[Reading], told: list[Census | None]) -> dict[str, list]:
    """The table: of several digits in a picture all labels, and the least of their confidences."""
    return {
        "file": [reading.name for reading in readings],
        "label": [" ".join(map(str, t.labels)) if t else "" for t in told],
        "confidence": [float(t.confidence.min()) if t else None for t in told],
        "converged": [bool(t.converged.all()) if t else None for t in told],
        "evaluations": [int(t.nfe.max()) if t else None for t in told],
        "error": [reading.error for reading in readings],
    }


def _choose_row(
    readings: list[Reading], newest: str, chosen: Checkpoint | SessionModel, solver: Solver
) -> int:
    """The table, its download, and the row that is chosen in it: the last, unless told otherwise."""
    table = columns_of(readings, answer_all(readings, chosen, solver))
    last = len(readings) - 1
    read = sum(not reading.error for reading in readings)
    st.markdown(f"**{read} of {len(readings)} pictures read.** Choose a row to look into it.")
    event = st.dataframe(
        {"picture": [reading.thumbnail for reading in readings]} | table,
        hide_index=True,
        row_height=40,
        column_config={
            "picture": st.column_config.ImageColumn("", width="small"),
            "confidence": st.column_config.NumberColumn(format="percent"),
        },
        on_select="rerun",
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [last]}},
        key=f"predict_table_{newest}_{len(readings)}",
    )
    csv_button("Download the table", table, "digits.csv")
    rows = event.selection.rows
    return rows[0] if rows and rows[0] <= last else last
