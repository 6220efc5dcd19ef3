"""Shared by the tabs of the Solvers page: number formats, tables, the code of a problem."""

import base64
import zlib
from collections.abc import Mapping

import streamlit as st

from deq.analysis.comparison.subjects import Subject
from pages.ui.widgets.downloads import csv_button

SCIENTIFIC, PLAIN, SHARE = "%.1e", "%.3g", "percent"


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
    st.dataframe(known, hide_index=True, column_config=config)
    csv_button("Download as CSV", known, filename)
