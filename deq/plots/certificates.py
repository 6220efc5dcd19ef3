"""The share of a test set that is certified against changes of a given size, and where one input lies."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.style import ACCENT, HIGHLIGHT, NEUTRAL, add_upright, styled_figure
from deq.plots.ticks import percent_ticks

COLORS = (ACCENT, NEUTRAL, NEUTRAL, NEUTRAL)  # the first is the one in question
DASHES = ("solid", "dash", "dot", "dashdot")
POINTS = 400


def certified_curves(
    radii: Mapping[str, ArrayLike], widest: float, proved: float | None, found: float | None
) -> Figure:
    """Share of a test set with a certified radius above r, against r, a curve for each model.

    radii: name -> (n,), 0 where the answer is wrong or nothing is proved. widest: the largest r shown. proved: the
    radius of one input; found: the distance of the nearest change of its class that was found.
    """
    figure = styled_figure("change of the picture, L2", "share proved", height=320)
    r = np.linspace(0, widest, POINTS)
    for (name, values), color, dash in zip(radii.items(), COLORS, DASHES, strict=False):
        share = 1 - np.searchsorted(np.sort(np.asarray(values, float)), r, side="right") / max(
            np.size(values), 1
        )
        figure.add_scatter(
            x=r,
            y=share,
            mode="lines",
            name=name,
            line={"color": color, "dash": dash, "width": 2},
            hovertemplate=f"{name}: %{{y:.1%}} proved<br>for changes up to %{{x:.2f}}<extra></extra>",
        )
    for x, color, words in ((proved, NEUTRAL, "proved"), (found, HIGHLIGHT, "change found")):
        if x is not None and x <= widest:
            add_upright(figure, x, color, "dot", 2)
            figure.add_annotation(
                x=x, y=1.04, text=words, showarrow=False, xanchor="left", font={"color": NEUTRAL}
            )
    if len(radii) > 1:
        figure.update_layout(showlegend=True)
    figure.update_xaxes(range=[0, widest])
    return figure.update_yaxes(percent_ticks(0, 0.25, 0.5, 0.75, 1), range=[0, 1.09])
