"""What the tabs of the solvers page share in words: numbers, tables, the code of a subject."""

from collections.abc import Mapping, Sequence

import streamlit as st

from deq.analysis.comparison.subjects import Subject
from pages.ui.widgets.downloads import csv_button

SCIENTIFIC, PLAIN, SHARE = "%.1e", "%.3g", "percent"


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def subject_code(subject: Subject) -> str:
    """Code that makes the same problem; own weights are read from the file that was uploaded."""
    weights = ', weights=open("weights.safetensors", "rb").read()' if subject.weights else ""
    radius = f", radius={subject.radius}" if subject.model == "random cell" else ""
    return (
        f'problem = make_problem(Subject("{subject.model}", "{subject.batch}", size={subject.size}, '
        f"seed={subject.seed}{radius}{weights}))"
    )


def show_table(
    table: Mapping[str, list], formats: Mapping[str, str], filename: str, label: str = "Download as CSV"
) -> None:
    """A table with its numbers formatted, columns without any value left out, and the same as a file in full."""
    known = {name: column for name, column in table.items() if any(value is not None for value in column)}
    config = {
        name: st.column_config.NumberColumn(format=form) for name, form in formats.items() if name in known
    }
    st.dataframe(known, hide_index=True, column_config=config)
    csv_button(label, known, filename)
