"""Residual against evaluations of f, for one sample or a whole batch, one solver or several."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.style import (
    FAILED_TEXT,
    MAX_LABELLED_CURVES,
    SolverStyle,
    add_failures,
    add_line,
    add_tolerance,
    label_ends,
    solver_style,
    styled_figure,
    whole_decades,
)

FLOOR = 1e-17  # drawn for a residual of zero, which a log axis cannot show
MAX_POINTS = 400
BAND = (0.1, 0.9)


def residual_curve(
    nfe: ArrayLike, residual: ArrayLike, tol: float | None = None, *, solver: str = "Anderson"
) -> Figure:
    """Relative residual ||f(z) - z|| / ||f(z)|| against evaluations of f, for one solver.

    nfe, residual: (n,) for one sample or (batch, n) as in `sol.trace`, NaN past the end of a sample.
    A batch is drawn as its median and the band from the 10 % to the 90 % quantile. tol: the dashed line.
    """
    return residual_curves({solver: (nfe, residual)}, tol)


def residual_curves(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]], tol: float | None = None, *, legend: bool = False
) -> Figure:
    """`residual_curve` for several solvers. curves: solver -> (nfe, residual).

    legend: name the curves in a legend instead of at their ends, as is always done for many curves.
    """
    figure = styled_figure("evaluations of f", "relative residual", y_type="log")
    labelled = not legend and len(curves) <= MAX_LABELLED_CURVES
    found = {name: residual_quantiles(*curve) for name, curve in curves.items()}
    found = {name: quantiles for name, quantiles in found.items() if len(quantiles[0])}
    for name, (grid, low, _, high) in found.items():  # below all lines, so that they tint none
        residual = curves[name][1]
        if np.ndim(residual) == 2 and np.shape(residual)[0] > 1:
            _add_band(figure, grid, low, high, solver_style(name))
    ends = []
    for name, (grid, _, median, _) in found.items():
        style = solver_style(name)
        add_line(figure, name, grid, median, style, "evaluations: %{x}<br>residual %{y:.2e}")
        failed = tol is not None and median[-1] > tol
        if failed:
            add_failures(figure, grid[-1:], median[-1:])
        ends.append((f"{name}<br>{FAILED_TEXT}" if failed else name, grid[-1], median[-1], style.color))
    _finish(figure, ends, tol, labelled)
    return figure


def residual_quantiles(
    nfe: ArrayLike, residual: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Grid of NFE with the 10 % quantile, median and 90 % quantile over samples, each (m,), empty for empty input.

    The steps of samples may differ in cost, so each is read as a staircase: at a given NFE it has the residual of
    its last finished step, and a finished sample keeps its last residual.
    """
    counts, values = np.atleast_2d(np.asarray(nfe, float)), np.atleast_2d(np.asarray(residual, float))
    if counts.shape != values.shape:
        raise ValueError(f"nfe and residual need the same shape; got {counts.shape} and {values.shape}.")
    known = ~(np.isnan(counts) | np.isnan(values))
    grid = _thin(np.unique(counts[known]))
    if not len(grid):
        return grid, grid, grid, grid
    stairs = np.stack([_staircase(c[k], v[k], grid) for c, v, k in zip(counts, values, known, strict=True)])
    stairs = np.where(np.isnan(stairs), np.inf, np.maximum(stairs, FLOOR))
    low, median, high = np.quantile(stairs, (BAND[0], 0.5, BAND[1]), axis=0, method="nearest")
    seen = np.isfinite(median)
    return grid[seen], low[seen], median[seen], high[seen]


def _staircase(nfe: np.ndarray, residual: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Residual of the last finished step at each grid point; NaN before the first."""
    if not len(nfe):
        return np.full(len(grid), np.nan)
    step = np.searchsorted(nfe, grid, side="right") - 1
    return np.where(step >= 0, residual[np.maximum(step, 0)], np.nan)


def _thin(grid: np.ndarray) -> np.ndarray:
    """At most MAX_POINTS of the grid, including the last."""
    if len(grid) <= MAX_POINTS:
        return grid
    return grid[np.unique(np.linspace(0, len(grid) - 1, MAX_POINTS).round().astype(int))]


def _add_band(
    figure: Figure, grid: np.ndarray, low: np.ndarray, high: np.ndarray, style: SolverStyle
) -> None:
    finite = np.isfinite(high)
    x = np.concatenate([grid[finite], grid[finite][::-1]])
    y = np.concatenate([high[finite], low[finite][::-1]])
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        fill="toself",
        line={"width": 1, "color": style.color},  # where bands overlap, their fills add up to a mixture
        fillcolor=_pale(style.color),
        opacity=0.4,
        hoverinfo="skip",
        showlegend=False,
    )


def _pale(color: str) -> str:
    """A colour "#RRGGBB" at a seventh of its strength."""
    red, green, blue = bytes.fromhex(color[1:])
    return f"rgba({red}, {green}, {blue}, 0.15)"


def _finish(
    figure: Figure, ends: list[tuple[str, float, float, str]], tol: float | None, labelled: bool
) -> None:
    if tol is not None:
        add_tolerance(figure, tol)
    drawn = [float(y) for found in figure.traces for y in found["y"] if math.isfinite(y)]
    if drawn:
        whole_decades(figure, min(drawn), max(drawn))
    if labelled:
        label_ends(figure, ends)
        longest = max((end[1] for end in ends), default=1)
        figure.update_xaxes(range=[-0.02 * longest, 1.4 * longest + 1])  # space for the names
    else:
        figure.update_layout(showlegend=True)
