"""The states of many digits in a plane, separating with depth."""

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.player import add_player
from deq.plots.style import DIGIT_COLORS, styled_figure

SHOWN = (0.005, 0.995)  # quantiles of the places that the axes show


def parting_states(
    depth: ArrayLike, places: ArrayLike, labels: ArrayLike, explained: tuple[float, float], height: int = 520
) -> Figure:
    """Each digit as its numeral at its state, a frame for each depth, beginning with the last.

    depth: (k,) evaluations. places: (k, n, 2). labels: (n,). explained: fractions of the variance.
    """
    depth, places, labels = np.asarray(depth), np.asarray(places, float), np.asarray(labels, int)
    first, second = (f"component {i + 1} ({100 * p:.0f} % of the variance)" for i, p in enumerate(explained))
    figure = styled_figure(first, second, height=height)
    if not labels.size:
        return figure
    figure.add_scatter(
        x=places[-1, :, 0],
        y=places[-1, :, 1],
        mode="text",
        text=labels.astype(str),
        textfont={"color": [DIGIT_COLORS[label % 10] for label in labels], "size": 11},
        hovertemplate="%{text}<extra></extra>",
    )
    names = [f"{count:.0f}" for count in depth]
    frames = [[{"type": "scatter", "x": at[:, 0], "y": at[:, 1]}] for at in places]
    add_player(figure, frames, [0], names, "evaluations: ")
    low, high = np.quantile(places.reshape(-1, 2), SHOWN, axis=0)
    pad = 0.05 * (high - low)
    figure.update_xaxes(range=[low[0] - pad[0], high[0] + pad[0]])
    return figure.update_yaxes(range=[low[1] - pad[1], high[1] + pad[1]])
