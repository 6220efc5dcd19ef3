"""What a digit reader sees and says: the 28x28, the class probabilities, and how they settled."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from deq.plots.style import (
    DIGIT_COLORS,
    FAILED_MARKER,
    FAILED_RED,
    FAILED_TEXT,
    NEUTRAL,
    TRANSPARENT,
    styled_figure,
)

NAMED = 0.05  # a class is named where its probability passes this
MAX_NUMERALS = 40  # points; more than that and numerals would cover the curve


def digit_picture(image: ArrayLike, height: int = 260) -> go.Figure:
    """A picture (rows, columns) uint8, white on black, every pixel sharp; hover gives its value in 0..255."""
    image = np.asarray(image)
    figure = go.Figure()
    if image.size:
        hover = "row %{y}, column %{x}<br>ink %{z} of 255<extra></extra>"
        scale = {"colorscale": "gray", "zmin": 0, "zmax": 255, "showscale": False}
        figure.add_heatmap(z=image, zsmooth=False, hovertemplate=hover, **scale)
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, autorange="reversed", scaleanchor="x", constrain="domain")
    return figure.update_layout(
        height=height,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        paper_bgcolor=TRANSPARENT,
        plot_bgcolor=TRANSPARENT,
    )


def probability_bars(probabilities: ArrayLike, converged: bool = True, height: int = 260) -> go.Figure:
    """A bar for each class 0..9 with its probability in per cent; the largest in its digit's colour. (classes,)

    converged: False leaves all bars grey and says so: the last state of a solve that failed is no answer.
    """
    probabilities = np.asarray(probabilities, float)
    figure = styled_figure("probability", "digit", height=height)
    if not probabilities.size:
        return figure
    classes = list(range(len(probabilities)))
    best = int(np.argmax(probabilities)) if converged else -1
    figure.add_bar(
        x=probabilities,
        y=classes,
        orientation="h",
        marker={"color": [DIGIT_COLORS[k % 10] if k == best else NEUTRAL for k in classes]},
        text=[percent(p) for p in probabilities],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.4f}<extra></extra>",
    )
    figure.update_xaxes(range=[0, 1.3], tickformat=".0%", tickvals=[0, 0.5, 1])
    figure.update_yaxes(tickvals=classes, autorange="reversed", showgrid=False, nticks=None)
    if not converged:
        _add_failure(figure)
    return figure.update_layout(bargap=0.25)


def _add_failure(figure: go.Figure) -> None:
    """A hollow red cross with the words, in the middle of a figure whose x axis goes from 0 to 1."""
    figure.add_scatter(
        x=[0.5],
        y=[4.5],
        mode="markers+text",
        marker=dict(FAILED_MARKER),
        text=[FAILED_TEXT],
        textposition="bottom center",
        textfont={"color": FAILED_RED, "size": 15},
        hoverinfo="skip",
    )


def probability_paths(nfe: ArrayLike, probabilities: ArrayLike, height: int = 300) -> go.Figure:
    """Class probabilities (n, classes) read off every iterate, against evaluations of f (n,).

    Classes that matter are drawn in their digit's colour, with the numeral where they are likely.
    """
    nfe, probabilities = np.asarray(nfe), np.asarray(probabilities, float)
    figure = styled_figure("evaluations of f", "probability", height=height)
    for k in range(probabilities.shape[1] if probabilities.ndim == 2 else 0):
        named = probabilities[:, k] > NAMED
        matters = bool(named[1:].any())  # at the start all are about as probable
        figure.add_scatter(
            x=nfe,
            y=probabilities[:, k],
            mode="lines+text" if matters and len(nfe) <= MAX_NUMERALS else "lines",
            line={"color": DIGIT_COLORS[k % 10] if matters else NEUTRAL, "width": 3 if matters else 1},
            text=np.where(named & (np.arange(len(nfe)) > 0), str(k), ""),
            textposition="top center",
            textfont={"size": 13},  # in the theme's own colour: the palette's dark ones fade on slate
            name=str(k),
            opacity=1 if matters else 0.4,
            hovertemplate=f"{k}: %{{y:.3f}} after %{{x}} evaluations<extra></extra>",
        )
    figure.update_yaxes(range=[-0.03, 1.12], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    return figure


def percent(p: float) -> str:
    """A probability for a reader: 97.2 %, > 99.9 %, nothing below 0.1 %."""
    if p < 0.001:
        return ""
    return "> 99.9 %" if p >= 0.9995 else f"{100 * p:.1f} %"
