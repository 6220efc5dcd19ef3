"""The states of many digits in a plane, separating with depth."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.player import add_player
from deq.plots.style import HIGHLIGHT, NEUTRAL, styled_figure

SHOWN = (0.005, 0.995)  # quantiles of the places that the axes show


def parting_states(
    depth: ArrayLike,
    places: ArrayLike,
    labels: ArrayLike,
    correct: ArrayLike,
    explained: tuple[float, float],
    height: int = 520,
) -> Figure:
    """Each digit as its numeral at its state, a frame for each depth, beginning with the last.

    depth: (k,) evaluations. places: (k, n, 2). labels: (n,). correct: (k, n) bool, whether the answer read at that
    depth is right; misread digits are orange and bold. Where all states are one point, one numeral is the answer
    that all share, and words below it say so. explained: fractions of the variance.
    """
    depth, places, labels = np.asarray(depth), np.asarray(places, float), np.asarray(labels, int)
    correct = np.asarray(correct, bool)
    first, second = (f"component {i + 1} ({100 * p:.0f} % of the variance)" for i, p in enumerate(explained))
    figure = styled_figure(first, second, height=height)
    if not labels.size:
        return figure
    numerals = labels.astype(str)
    bold = np.char.add(np.char.add("<b>", numerals), "</b>")
    frames = [
        [_only(at, right), _only(at, ~right & ~shared), _only(at[:1], np.array([shared]))]
        for at, right, shared in zip(places, correct, map(_shared, places, correct), strict=True)
    ]
    looks = (
        (numerals, NEUTRAL, "%{text}"),
        (bold, HIGHLIGHT, "%{text}, misread"),
        ([_note(labels)], NEUTRAL, "%{text}"),
    )
    for there, (text, color, hover) in zip(frames[-1], looks, strict=True):
        font = {"color": color, "size": 12}
        figure.add_scatter(
            **there, mode="text", text=text, textfont=font, hovertemplate=f"{hover}<extra></extra>"
        )
    figure.traces[-1]["textposition"] = "bottom center"
    typed = [[{"type": "scatter"} | there for there in every] for every in frames]
    names = [f"{count:.0f}" for count in depth]
    add_player(figure, typed, [0, 1, 2], names, "evaluations: ")
    low, high = np.quantile(places.reshape(-1, 2), SHOWN, axis=0)
    pad = 0.05 * (high - low)
    figure.update_xaxes(range=[low[0] - pad[0], high[0] + pad[0]])
    return figure.update_yaxes(range=[low[1] - pad[1], high[1] + pad[1]])


def _shared(places: np.ndarray, correct: np.ndarray) -> bool:
    """Whether all digits are at one place, as at the start, and so get one answer, which is right for some."""
    return bool(len(places) > 1 and np.all(places == places[0]) and correct.any())


def _note(labels: np.ndarray) -> str:
    """What is written at the one place that all states share, clear of the numeral there."""
    return f"<br>all {len(labels)} digits are here<br>and get this one answer"


def _only(places: np.ndarray, kept: np.ndarray) -> dict[str, Any]:
    """The places (n, 2) of those kept (n,); the others are not drawn, so that each keeps its number."""
    x, y = np.where(kept[:, None], places, np.nan).astype(np.float32).T
    return {"x": x, "y": y}
