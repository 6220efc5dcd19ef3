"""The key to all plots: how each solver is drawn."""

import plotly.graph_objects as go

from deq.plots.style import NEUTRAL, SOLVER_STYLES, styled_figure

SHARED = {"Peaceman-Rachford": "Peaceman-Rachford, forward-backward"}  # the splittings look the same


def solver_key(height: int = 300) -> go.Figure:
    """One row a solver, with its colour, dash and marker as on every page."""
    figure = styled_figure("", "", height=height)
    shown = [name for name in SOLVER_STYLES if name != "forward-backward"]
    for row, name in enumerate(shown):
        style = SOLVER_STYLES[name]
        marker = {"symbol": style.marker, "color": style.color, "size": 9}
        figure.add_scatter(
            x=[0, 1, 2],
            y=[row] * 3,
            name=name,
            mode="lines+markers",
            line=style.line,
            marker=marker,
            hoverinfo="name",
        )
        label = {"x": 2.15, "y": row, "text": SHARED.get(name, name), "xanchor": "left", "showarrow": False}
        figure.add_annotation(label | {"font": {"color": NEUTRAL, "size": 14}})
    figure.update_xaxes(visible=False, range=[-0.1, 6])
    return figure.update_yaxes(visible=False, autorange="reversed")
