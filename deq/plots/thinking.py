"""How an answer with many places forms: wrong places call by call, and up to which size it is right."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.style import ACCENT, NEUTRAL, SEQUENTIAL, styled_figure

LOOKS = ((ACCENT, "solid"), (NEUTRAL, "dot"))  # of the first curve and of the one it is compared with


def wrong_places(curves: Mapping[str, tuple[ArrayLike, ArrayLike]], height: int = 260) -> Figure:
    """The number of wrong places after each evaluation, at most two curves: name -> (evaluations (n,), wrong (n,))."""
    figure = styled_figure("evaluations", "places wrong", height=height)
    for (name, (calls, wrong)), (color, dash) in zip(curves.items(), LOOKS, strict=False):
        calls, wrong = np.asarray(calls), np.asarray(wrong)
        if not len(calls):
            continue
        figure.add_scatter(
            x=calls,
            y=wrong,
            name=name,
            mode="lines",
            line={"color": color, "dash": dash, "width": 2, "shape": "hv"},
            hovertemplate=f"{name}: %{{y}} wrong after %{{x}} evaluations<extra></extra>",
        )
    figure.update_xaxes(rangemode="tozero").update_layout(showlegend=len(figure.traces) > 1)
    heights = [np.asarray(wrong, float).max() for _, wrong in curves.values() if np.size(wrong)]
    most = max(heights, default=0) or 1
    return figure.update_yaxes(range=[-0.04 * most, 1.06 * most])


def reach_map(
    share: ArrayLike, sizes: Sequence[int], calls: Sequence[int], trained: int, unit: str
) -> Figure:
    """The share of puzzles that are right in all places, by size and evaluations, in %.

    A dashed line lies above the trained size.

    share: (sizes, calls) in 0 to 1. unit: what a size counts.
    """
    share = np.asarray(share, float)
    figure = styled_figure("evaluations", unit, height=max(280, 90 + 42 * len(sizes)))
    if not share.size:
        return figure
    figure.add_heatmap(
        x=[str(count) for count in calls],
        y=[str(size) for size in sizes],
        z=100 * share,
        zmin=0,
        zmax=100,
        colorscale=SEQUENTIAL,
        xgap=1,
        ygap=1,
        texttemplate="%{z:.0f}",
        textfont={"size": 11},
        showscale=False,
        hovertemplate=f"%{{y}} {unit}, %{{x}} evaluations: %{{z:.0f}} % right<extra></extra>",
    )
    if trained in sizes:
        row = list(sizes).index(trained) + 0.5
        line = {"color": NEUTRAL, "dash": "dash", "width": 2}
        figure.add_shape(type="line", xref="x domain", x0=0, x1=1, y0=row, y1=row, line=line)
    figure.update_xaxes(type="category", dtick=1)  # every one is named
    return figure.update_yaxes(type="category", dtick=1)
