"""A figure as a web page of its own, which needs no network."""

import plotly.graph_objects as go

# Axes take the reader's colours, light or dark; the grid and the marks are readable on both.
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ font-family: sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
.xtick text, .ytick text, .xtitle, .ytitle, .annotation-text {{ fill: CanvasText !important; }}
</style>
<h1>{title}</h1>
{figure}
</html>
"""


def document(figure: go.Figure, title: str) -> str:
    """HTML with plotly's own code in it, about 5 MB."""
    config = {"displaylogo": False, "responsive": True}
    inner = figure.to_html(config=config, full_html=False, include_plotlyjs=True)
    return PAGE.format(title=title, figure=inner)
