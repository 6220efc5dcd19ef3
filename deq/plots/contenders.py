"""Contenders of a comparison: score against cost of the solves, over seeds."""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.style import FAILED_MARKER, FAILED_TEXT, styled_figure
from deq.plots.ticks import ticks_between

# Not those of the solvers; 3:1 on white and on black, and distinct for deuteranopes.
COLORS = ("#684CD9", "#A8873B", "#2A7739", "#D94C84", "#67779E", "#A36CD9")
HEIGHT = 400  # pixels
MOSTLY = 0.5  # share of solves
LEAST_LOSS = 1e-12
MARGIN = 1.15  # factor beyond the outermost dots
NEAR, LINE = 0.3, 0.055  # labels nearer than this share of the width keep this share of the height apart

Runs = Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]]


def effort_and_accuracy(runs: Runs) -> Figure:
    """Test accuracy against evaluations of f: a dot per seed, and their mean with its standard deviation.

    runs: contender -> (nfe, accuracy, converged), each (seeds,); accuracy and converged from 0 to 1. A contender most
    of whose solves do not converge is a hollow red cross.
    """
    figure = styled_figure("evaluations of f per solve", "test accuracy", x_type="log", height=HEIGHT)
    _add_contenders(figure, runs, "accuracy %{y:.2%}")
    return figure.update_yaxes(tickformat=".3~%")


def effort_and_loss(runs: Runs) -> Figure:
    """As `effort_and_accuracy`, for a loss on a log axis. runs: contender -> (nfe, loss, converged), each (seeds,)."""
    figure = styled_figure(
        "evaluations of f per solve", "test loss", x_type="log", y_type="log", height=HEIGHT
    )
    _add_contenders(
        figure,
        {k: (nfe, np.maximum(loss, LEAST_LOSS), c) for k, (nfe, loss, c) in runs.items()},
        "loss %{y:.3g}",
    )
    return figure


def _add_contenders(figure: Figure, runs: Runs, hover: str) -> None:
    """The dots and means of all contenders, with their names."""
    labels, drawn = [], [np.empty(0)]
    for color, (name, columns) in zip(cycle(COLORS), runs.items(), strict=False):
        nfe, score, converged = (np.asarray(column, float) for column in columns)
        if not np.isfinite(nfe * score).any():
            continue
        drawn += [nfe, nfe.mean() + nfe.std() * np.array([-1.0, 1.0])]
        failed = np.nanmean(converged) < MOSTLY
        _add_dots(figure, name, (nfe, score, converged), color, hover)
        _add_mean(
            figure, name, nfe, score, FAILED_MARKER if failed else {"size": 12, "color": color}, color, hover
        )
        labels.append((f"{name} ({FAILED_TEXT})" if failed else name, float(nfe.mean()), float(score.mean())))
    _add_labels(figure, labels)
    _set_range(figure, np.concatenate(drawn))


def _add_dots(
    figure: Figure, name: str, columns: tuple[np.ndarray, np.ndarray, np.ndarray], color: str, hover: str
) -> None:
    """A dot for each seed, a small cross where most solves did not converge."""
    nfe, score, converged = columns
    good = converged >= MOSTLY
    seeds = np.arange(len(nfe))
    for chosen, marker in ((good, {"size": 5, "color": color}), (~good, FAILED_MARKER | {"size": 6})):
        if chosen.any():
            figure.add_scatter(
                x=nfe[chosen],
                y=score[chosen],
                mode="markers",
                marker=dict(marker) | {"opacity": 0.6},
                customdata=seeds[chosen],
                hovertemplate=f"{name}, seed %{{customdata}}<br>{hover}<br>%{{x:.1f}} evaluations<extra></extra>",
            )


def _add_mean(
    figure: Figure,
    name: str,
    nfe: np.ndarray,
    score: np.ndarray,
    marker: Mapping[str, object],
    color: str,
    hover: str,
) -> None:
    """The mean, with error bars in both directions where there is more than one seed."""
    bars = {"color": color, "thickness": 1.5, "width": 4}
    spread = len(nfe) > 1
    figure.add_scatter(
        x=[nfe.mean()],
        y=[score.mean()],
        name=name,
        mode="markers",
        marker=dict(marker),
        error_x=bars | {"array": [nfe.std(ddof=1)]} if spread else None,
        error_y=bars | {"array": [score.std(ddof=1)]} if spread else None,
        hovertemplate=f"{name}, mean of {len(nfe)}<br>{hover}<br>%{{x:.1f}} evaluations<extra></extra>",
    )


def _set_range(figure: Figure, nfe: np.ndarray) -> None:
    """A log axis around some evaluations (n,), with a few plain ticks, finer if the range is narrow."""
    if not nfe.size:
        return
    low, high = np.maximum(nfe.min(), 1) / MARGIN, nfe.max() * MARGIN
    ticks = ticks_between(low, high)
    text = [f"{tick:g}" for tick in ticks]
    figure.update_xaxes(
        range=np.log10([low, high]), tickvals=ticks, ticktext=text, tickfont=None, nticks=None
    )


def _add_labels(figure: Figure, labels: Sequence[tuple[str, float, float]]) -> None:
    """Names beside the means (name, x, y), on the inner side, and above one another where they would overlap."""
    log_y = figure.plain["layout"]["yaxis"]["type"] == "log"
    across = _shares([math.log10(x) for _, x, _ in labels])
    up = _shares([math.log10(y) if log_y else y for _, _, y in labels])
    for (name, x, y), share, lift in zip(labels, across, _lifts(across, up), strict=True):
        right = share > 0.6
        figure.add_annotation(
            x=math.log10(x),
            y=math.log10(y) if log_y else y,
            text=name,
            showarrow=False,
            xanchor="right" if right else "left",
            yanchor="bottom",
            xshift=-8 if right else 8,
            yshift=2 + lift * 0.8 * HEIGHT,
            font={"size": 13},
        )


def _shares(values: Sequence[float]) -> list[float]:
    """Values as shares of their range, 0.5 where there is none."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    return [0.5 if high == low else (value - low) / (high - low) for value in values]


def _lifts(across: Sequence[float], up: Sequence[float]) -> list[float]:
    """How far to lift each label, so that nearby ones are at least a line apart."""
    placed: dict[int, float] = {}
    for i in sorted(range(len(up)), key=lambda i: up[i]):
        below = [placed[j] for j in placed if abs(across[i] - across[j]) < NEAR]
        placed[i] = max([up[i], *(height + LINE for height in below)])
    return [placed[i] - up[i] for i in range(len(up))]
