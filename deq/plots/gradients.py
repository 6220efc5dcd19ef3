"""Gradients compared: error by method, by tolerance and spectral radius, and memory against depth."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.style import (
    FAILED_RED,
    FAILED_TEXT,
    NEUTRAL,
    AxisType,
    SolverStyle,
    add_line,
    label_ends,
    solver_style,
    styled_figure,
)

FLOOR = 1e-9

# Exact gradients have the colour of their backward solver; approximate and unrolled ones have other colours.
GRADIENT_STYLES = MappingProxyType(
    {
        "dense": SolverStyle("#7A7A7A", "solid", "square-open"),
        "GMRES": SolverStyle("#CC79A7", "dashdot", "triangle-up"),
        "BiCGStab": SolverStyle("#CC79A7", "dot", "triangle-down"),
        "Anderson": solver_style("Anderson"),
        "Broyden": solver_style("Broyden"),
        "Neumann 20": SolverStyle("#0072B2", "solid", "circle"),
        "Neumann 5": SolverStyle("#0072B2", "dash", "circle"),
        "Neumann 1": SolverStyle("#0072B2", "dot", "circle"),
        "phantom": SolverStyle("#439DD0", "dash", "circle-open"),
        "one-step": SolverStyle("#439DD0", "dot", "circle-open"),
        "unrolled": SolverStyle("#999933", "dash", "star"),
        "through the ODE": SolverStyle("#CC5400", "longdash", "x"),
    }
)
WAY_STYLES = MappingProxyType(
    {"implicit": solver_style("Anderson")}
    | {name: GRADIENT_STYLES[name] for name in ("through the ODE", "unrolled")}
)


def gradient_rows(
    names: Sequence[str], error: ArrayLike, converged: Sequence[bool], *, height: int = 400
) -> Figure:
    """Relative error of each gradient on a log axis, one row per method, the first on top. names, error: (n,).

    converged: (n,), whether the backward solves did; a red cross where not.
    """
    error = np.asarray(error, float)
    figure = styled_figure("relative error of the gradient", "", x_type="log", height=height)
    drawn = np.clip(np.where(np.isfinite(error), error, 10.0), FLOOR, 10.0)
    rows = list(range(len(names)))
    for row, name, x, solved in zip(rows, names, drawn, converged, strict=True):
        style = GRADIENT_STYLES[name]
        marker = {"symbol": style.marker, "size": 11, "color": style.color}
        if not solved:
            marker = {"symbol": "x-open", "size": 11, "color": FAILED_RED}
        note = "" if solved else f"<br>backward solve {FAILED_TEXT}"
        figure.add_scatter(
            x=[FLOOR / 2, x],
            y=[row, row],
            mode="lines+markers",
            line={"color": NEUTRAL, "width": 1},
            marker=marker | {"size": [0, 11]},
            hovertemplate=f"{name}<br>error %{{x:.1e}}{note}<extra></extra>",
        )
    figure.update_yaxes(
        tickvals=rows, ticktext=list(names), autorange="reversed", showgrid=False, nticks=None
    )
    lowest = np.log10(drawn.min(initial=1e-7)) - 0.5
    return figure.update_xaxes(range=[lowest, max(0.3, np.log10(drawn.max(initial=1)) + 0.2)])


def gradient_curves(x: ArrayLike, errors: Mapping[str, ArrayLike], x_title: str, *, falling: bool) -> Figure:
    """Relative error of each gradient against x (n,). errors: method -> (n,). falling: log x axis, largest first."""
    x_type: AxisType = "log" if falling else "linear"
    figure = styled_figure(x_title, "relative error of the gradient", x_type=x_type, y_type="log", height=400)
    for name, error in errors.items():
        error = np.asarray(error, float)
        drawn = np.where(np.isfinite(error), np.maximum(error, FLOOR), np.nan)
        hover = f"{x_title} %{{x:.2~g}}<br>error %{{y:.1e}}"
        add_line(figure, name, np.asarray(x), drawn, GRADIENT_STYLES[name], hover)
    if falling:
        figure.update_xaxes(autorange="reversed")
    return figure.update_layout(showlegend=bool(figure.traces))


def memory_curves(curves: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> Figure:
    """Working memory against the evaluations allowed, both on log axes. curves: way -> (evaluations, MiB)."""
    figure = styled_figure(
        "evaluations allowed", "working memory, MiB", x_type="log", y_type="log", height=400
    )
    ends = []
    for name, (depth, size) in curves.items():
        style = WAY_STYLES[name]
        depth, size = np.asarray(depth), np.asarray(size, float)
        add_line(figure, name, depth, size, style, "%{x} evaluations<br>%{y:.3~g} MiB")
        if len(depth):
            ends.append((name.replace(" ", "<br>"), float(np.log10(depth[-1])), float(size[-1]), style.color))
    label_ends(figure, ends)
    figure.update_xaxes(range=[0.9, 3.9], tickvals=[10, 100, 1000], exponentformat="none")
    return figure.update_yaxes(exponentformat="none", dtick=1)
