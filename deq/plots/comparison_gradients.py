"""Gradients compared: a row a method, curves over what makes them wrong, and memory against depth."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from deq.plots.comparison import add_line
from deq.plots.style import (
    FAILED_RED,
    FAILED_TEXT,
    NEUTRAL,
    AxisType,
    SolverStyle,
    label_ends,
    solver_style,
    styled_figure,
)

FLOOR = 1e-9

# Exact ones in the colour of the solver that runs backward; approximate and unrolled ones in their own.
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
        "phantom": SolverStyle("#56B4E9", "dash", "circle-open"),
        "one-step": SolverStyle("#56B4E9", "dot", "circle-open"),
        "unrolled": SolverStyle("#999933", "dash", "star"),
        "through the ODE": SolverStyle("#D55E00", "longdash", "x"),
    }
)
WAY_STYLES = MappingProxyType(
    {
        "implicit": solver_style("Anderson"),
        "recursive checkpoints": GRADIENT_STYLES["through the ODE"],
        "unrolled": GRADIENT_STYLES["unrolled"],
    }
)


def gradient_rows(
    names: Sequence[str], error: ArrayLike, sure: Sequence[bool], *, height: int = 400
) -> go.Figure:
    """Relative error of each gradient on a log axis, a row a method, the first on top. names, error, sure: (n,).

    sure: False where a backward solve did not converge, which is a red cross.
    """
    error = np.asarray(error, float)
    figure = styled_figure("relative error of the gradient", "", x_type="log", height=height)
    drawn = np.clip(np.where(np.isfinite(error), error, 10.0), FLOOR, 10.0)
    rows = list(range(len(names)))
    for row, name, x, solved in zip(rows, names, drawn, sure, strict=True):
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


def gradient_curves(
    x: ArrayLike, errors: Mapping[str, ArrayLike], x_title: str, *, falling: bool, height: int = 400
) -> go.Figure:
    """Relative error of each gradient against x (n,), method -> (n,). falling: a log axis, large values first."""
    x_type: AxisType = "log" if falling else "linear"
    figure = styled_figure(
        x_title, "relative error of the gradient", x_type=x_type, y_type="log", height=height
    )
    for name, error in errors.items():
        error = np.asarray(error, float)
        style = GRADIENT_STYLES[name]
        add_line(
            figure,
            name,
            np.asarray(x),
            np.where(np.isfinite(error), np.maximum(error, FLOOR), np.nan),
            style,
            f"{name}<br>{x_title} %{{x:.2~g}}<br>error %{{y:.1e}}<extra></extra>",
        )
    if falling:
        figure.update_xaxes(autorange="reversed")
    return figure.update_layout(showlegend=bool(figure.data))


def memory_curves(curves: Mapping[str, tuple[ArrayLike, ArrayLike]], *, height: int = 400) -> go.Figure:
    """Working memory in MiB against the evaluations allowed, both logarithmic. way -> (evaluations, MiB)."""
    figure = styled_figure(
        "evaluations allowed", "working memory, MiB", x_type="log", y_type="log", height=height
    )
    ends = []
    for name, (depth, size) in curves.items():
        style = WAY_STYLES[name]
        depth, size = np.asarray(depth), np.asarray(size, float)
        hover = f"{name}<br>%{{x}} evaluations<br>%{{y:.3~g}} MiB<extra></extra>"
        add_line(figure, name, depth, size, style, hover)
        if len(depth):
            ends.append((name.replace(" ", "<br>"), float(np.log10(depth[-1])), float(size[-1]), style.color))
    label_ends(figure, ends)
    figure.update_xaxes(range=[0.9, 3.9], tickvals=[10, 100, 1000], exponentformat="none")
    return figure.update_yaxes(exponentformat="none", dtick=1)
