"""What an answer rests on: pixels that speak for it and against it, and places of the picture that it needs."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from deq.plots.style import DIVERGING, NEUTRAL, TRANSPARENT

INK = 128  # of 255: where the digit's outline is drawn


def pixel_map(values: ArrayLike, image: ArrayLike, meaning: str, height: int = 300) -> go.Figure:
    """Values (rows, columns) over a picture (28, 28) uint8 whose outline is drawn; red is positive, blue negative.

    Fewer values than pixels lie evenly over it. meaning: what a value is, with its unit, for the hover.
    """
    values, image = np.asarray(values, float), np.asarray(image)
    figure = go.Figure()
    if values.size:
        _add_values(figure, values, len(image), meaning)
        figure.add_contour(
            z=image,
            contours={"start": INK, "end": INK, "coloring": "none"},
            line={"color": NEUTRAL, "width": 2},
            showscale=False,
            hoverinfo="skip",
        )
    figure.update_xaxes(visible=False, constrain="domain", range=[-0.5, image.shape[-1] - 0.5])
    figure.update_yaxes(visible=False, constrain="domain", range=[len(image) - 0.5, -0.5], scaleanchor="x")
    return figure.update_layout(
        height=height,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        paper_bgcolor=TRANSPARENT,
        plot_bgcolor=TRANSPARENT,
    )


def _add_values(figure: go.Figure, values: np.ndarray, pixels: int, meaning: str) -> None:
    step = pixels / len(values)
    largest = max(float(np.nanmax(np.abs(values), initial=0)), 1e-12)
    figure.add_heatmap(
        z=values.astype(np.float32),
        x0=(step - 1) / 2,
        dx=step,
        y0=(step - 1) / 2,
        dy=step,
        zsmooth=False,
        zmin=-largest,
        zmax=largest,
        colorscale=DIVERGING,
        colorbar={"thickness": 10, "outlinewidth": 0},
        hovertemplate=f"row %{{y:.0f}}, column %{{x:.0f}}<br>%{{z:.3g}} {meaning}<extra></extra>",
    )
