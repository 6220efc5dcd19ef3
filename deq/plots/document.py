"""Figures and tables as a stand-alone web page that works offline."""

import base64
import csv
from collections.abc import Iterable, Mapping
from html import escape

import plotly.graph_objects as go

MOST_ROWS = 50  # of a table that is shown, not only linked

# Axes take the reader's colours, light or dark; the grid and the marks are readable on both.
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ font-family: sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
.xtick text, .ytick text, .xtitle, .ytitle, .legendtext, .annotation-text {{ fill: CanvasText !important; }}
td {{ padding: 0.2rem 0.8rem 0.2rem 0; }}
.wide {{ overflow-x: auto; }}
img {{ width: 140px; image-rendering: pixelated; }}
</style>
<h1>{title}</h1>
{figure}
</html>
"""


def document(figure: go.Figure, title: str) -> str:
    """HTML with plotly's own code in it, about 5 MB."""
    return PAGE.format(title=escape(title), figure=_inner(figure, first=True))


def report(
    title: str,
    facts: Mapping[str, str],
    pictures: Mapping[str, bytes],
    figures: Mapping[str, go.Figure],
    tables: Mapping[str, str],
) -> str:
    """Facts, pictures and figures by caption, and tables by file name: each a download, shown if it has at most
    MOST_ROWS rows.

    pictures: PNG, small ones, drawn with sharp pixels. tables: CSV text with a header line. The figures work as on the
    page, so plotly's code is in it, once.
    """
    parts = [_table(facts.items())]
    for caption, png in pictures.items():
        source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
        parts.append(f'<p><img src="{source}" alt="{escape(caption)}"></p><p>{escape(caption)}</p>')
    for place, (caption, figure) in enumerate(figures.items()):
        parts.append(f"{_inner(figure, first=place == 0)}<p>{escape(caption)}</p>")
    for name, text in tables.items():
        rows = list(csv.reader(text.splitlines()))
        data = base64.b64encode(text.encode()).decode()
        link = f'<a download="{escape(name)}" href="data:text/csv;base64,{data}">{escape(name)}</a>'
        parts.append(f"<p>{link}</p>{_table(rows) if len(rows) <= MOST_ROWS + 1 else ''}")
    return PAGE.format(title=escape(title), figure="\n".join(parts))


def _inner(figure: go.Figure, *, first: bool) -> str:
    config = {"displaylogo": False, "responsive": True}
    return figure.to_html(config=config, full_html=False, include_plotlyjs=first)


def _table(rows: Iterable[Iterable[str]]) -> str:
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    return f"<div class=wide><table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table></div>"
