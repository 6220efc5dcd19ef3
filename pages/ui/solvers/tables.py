"""Shared by the tabs of the Solvers page: number formats, tables, the fastest of several, the code of a problem."""

import base64
import zlib
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import streamlit as st

from deq.analysis.comparison.subjects import Subject
from deq.analysis.comparison.timings import fastest, quartiles
from pages.ui.widgets.downloads import csv_button
from pages.ui.widgets.text import SHARE, listed, percents

SCIENTIFIC, PLAIN = "%.1e", "%.3g"
TIMES = dict.fromkeys(("ms", "ms, lower quartile", "ms, upper quartile"), PLAIN)


def subject_code(subject: Subject) -> str:
    """Code that makes the same problem; own weights are read from the uploaded file."""
    weights = ', weights=open("weights.safetensors", "rb").read()' if subject.weights else ""
    radius = f", radius={subject.radius}" if subject.model == "random cell" else ""
    digit, before = "", ""
    if subject.digit:
        packed = base64.b64encode(zlib.compress(subject.digit, 9)).decode()
        digit = ", digit=zlib.decompress(base64.b64decode(packed))"
        before = f'import base64, zlib\n\npacked = "{packed}"\n'
    return (
        f'{before}problem = make_problem(Subject("{subject.model}", "{subject.batch}", size={subject.size}, '
        f"seed={subject.seed}{radius}{weights}{digit}))"
    )


def show_table(table: Mapping[str, list], formats: Mapping[str, str], filename: str) -> None:
    """A formatted table without empty columns, and its full numbers as CSV."""
    known = {name: column for name, column in table.items() if any(value is not None for value in column)}
    config = {
        name: st.column_config.NumberColumn(format=form) for name, form in formats.items() if name in known
    }
    shares = {
        name: percents(known[name]) for name, form in formats.items() if form == SHARE and name in known
    }
    st.dataframe(pa.table(known | shares), hide_index=True, column_config=config)
    csv_button("Download as CSV", known, filename)


def time_sentence(seconds: Mapping[str, np.ndarray], where: str = "") -> str:
    """The fastest with its quartiles; no winner where the quartiles overlap. where: follows "Least time"."""
    if not seconds:
        return ""
    first, *others = fastest(seconds)
    low, middle, high = quartiles(seconds[first])
    if not others:
        return f"Least time{where}: **{first}** ({middle:.3g} ms, quartiles {low:.3g} to {high:.3g}). "
    return (
        f"Least time{where}: no winner; the quartiles of {listed(others)} overlap with those of {first} "
        f"({low:.3g} to {high:.3g} ms). "
    )
