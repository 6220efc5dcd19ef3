"""The legend of all plots: how each solver is drawn."""

import numpy as np
import plotly.graph_objects as go

from deq.plots.style import NEUTRAL, SOLVER_STYLES, add_line, styled_figure


def solver_key() -> go.Figure:
    """One row per solver, with its colour, dash and marker."""
    figure = styled_figure("", "", height=300)
    for row, (name, style) in enumerate(SOLVER_STYLES.items()):
        add_line(figure, name, np.arange(3), np.full(3, row), style, "")
        figure.add_annotation(
            x=2.15, y=row, text=name, xanchor="left", showarrow=False, font={"color": NEUTRAL, "size": 14}
        )
    figure.update_traces(hovertemplate=None, hoverinfo="name")
    figure.update_xaxes(visible=False, range=[-0.1, 6])
    return figure.update_yaxes(visible=False, autorange="reversed")
