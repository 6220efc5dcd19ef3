"""Ticks in plain words: shares in percent, costs on a log axis."""

import math

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure

# Of a decade, ever finer.
TICKS = (1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7), np.arange(1, 10, 0.5), np.arange(10, 100) / 10


def percent_ticks(*shares: float) -> dict[str, list[float] | list[str]]:
    """Ticks of an axis of shares, written 50 % as in the text beside it; plotly's own formats leave no space."""
    return {"tickvals": list(shares), "ticktext": [f"{100 * share:.0f} %" for share in shares]}


def plain_ticks(figure: Figure, values: ArrayLike) -> None:
    """Plain ticks along a log x axis that shows these values: powers of ten, or finer ones over a shorter range."""
    known = np.asarray(values, float)
    known = known[np.isfinite(known) & (known > 0)]
    low, high = (float(known.min()), float(known.max())) if known.size else (1.0, 1.0)
    ticks = ticks_between(0.9 * low, 1.1 * high)
    figure.update_xaxes(tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks], nticks=None)


def ticks_between(low: float, high: float) -> list[float]:
    """The coarsest ticks of a log axis with at least three between low and high, or else the finest."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in TICKS:
        found = [tick for k in exponents for m in digits if low <= (tick := float(f"{m}e{k}")) <= high]
        if len(found) > 2:
            break
    return found
