"""The data behind a picture, as a CSV file."""

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike

Table = Mapping[str, ArrayLike | Sequence[object]]  # name -> column (n,)


def csv_text(table: Table) -> str:
    """Columns of equal length as comma-separated text with a header line; numbers in full precision."""
    columns = [np.asarray(column) for column in table.values()]
    if any(column.ndim != 1 for column in columns) or len({len(column) for column in columns}) > 1:
        shapes = {name: column.shape for name, column in zip(table, columns, strict=True)}
        raise ValueError(f"A table needs columns of one axis and equal length; got {shapes}.")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*(column.tolist() for column in columns), strict=True))
    return text.getvalue()


def csv_button(label: str, table: Table, filename: str) -> None:
    """A download button; the text is made when it is clicked. table: name -> (n,); filename: ends in .csv."""
    st.download_button(
        label,
        lambda: csv_text(table),
        file_name=filename,
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"download-{filename}",
    )
