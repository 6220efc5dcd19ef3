"""Solvers compared: the race against evaluations and against time, work and precision, test-time compute."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from deq.plots.residuals import FLOOR, residual_curves
from deq.plots.style import (
    ACCENT,
    FAILED_MARKER,
    FAILED_TEXT,
    NEUTRAL,
    AxisType,
    SolverStyle,
    solver_style,
    styled_figure,
)

BINS = 60  # bars at most
NEAREST = 1e-8  # distances below are rounding

Curves = Mapping[str, tuple[ArrayLike, ArrayLike]]


def race_by_nfe(curves: Curves, tol: float, *, height: int = 400) -> go.Figure:
    """Relative residual against evaluations of f, both logarithmic: median and band from 10 to 90 %.

    curves: solver -> (nfe, residual), each (batch, n), NaN past the end of a sample. tol: the dashed line.
    """
    return _on_log_axis(
        residual_curves(curves, tol, legend=True), tol, "evaluations of f", "evaluations", height
    )


def race_by_time(curves: Curves, tol: float, *, height: int = 400) -> go.Figure:
    """The same against milliseconds for the whole batch. curves: solver -> (milliseconds, residual)."""
    return _on_log_axis(
        residual_curves(curves, tol, legend=True), tol, "milliseconds, the whole batch", "ms", height
    )


def _on_log_axis(figure: go.Figure, tol: float, title: str, unit: str, height: int) -> go.Figure:
    """x on a log axis, for some solvers need ten times what others do; a legend, for their ends lie close together."""
    for trace in figure.data:
        if trace.hovertemplate:
            trace.hovertemplate = trace.hovertemplate.replace("%{x} evaluations", f"%{{x:.3~g}} {unit}")
    figure.update_xaxes(type="log", title={"text": title}, autorange=True, range=None)
    low, high = _height_range(figure, tol)
    figure.update_yaxes(range=[low, high], dtick=1 if high - low < 7 else 2)
    _name_failures(figure)
    return _plain_decades(figure).update_layout(height=height, showlegend=bool(figure.data))


def _name_failures(figure: go.Figure) -> None:
    """One entry in the legend says what the red crosses mean."""
    crosses = [trace for trace in figure.data if trace.marker.symbol == FAILED_MARKER["symbol"]]
    for first, trace in enumerate(crosses):
        trace.update(name=FAILED_TEXT, legendgroup=FAILED_TEXT, showlegend=first == 0)


def _plain_decades(figure: go.Figure) -> go.Figure:
    """0.1, 1, 10 along x, with steps between only where there are few decades."""
    drawn = np.concatenate([np.asarray(trace.x, float) for trace in figure.data] or [np.ones(1)])
    drawn = np.log10(drawn[drawn > 0])
    wide = np.ptp(drawn) > 1.4 if drawn.size else True
    return figure.update_xaxes(exponentformat="none", dtick=1 if wide else "D2")


def _height_range(figure: go.Figure, tol: float) -> tuple[float, float]:
    """Decades from a little below the lowest median to a little above the highest: no band at zero stretches it."""
    lines = [np.asarray(trace.y, float) for trace in figure.data if trace.hovertemplate]
    drawn = np.concatenate([*lines, [tol]])
    drawn = drawn[np.isfinite(drawn) & (drawn > FLOOR)]
    return float(np.log10(drawn.min(initial=tol))) - 0.7, float(np.log10(drawn.max(initial=1))) + 0.4


def work_precision_diagram(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]],
    x_title: str,
    *,
    height: int = 400,
) -> go.Figure:
    """True error against work, a point for each tolerance; towards the lower left is better.

    curves: solver -> (tolerance, work, error, converged), each (n,), converged from 0 to 1; a point at which not
    all samples converged is a hollow red cross.
    """
    figure = styled_figure(
        x_title, "relative error against float64", x_type="log", y_type="log", height=height
    )
    for name, columns in curves.items():
        tol, work, error, converged = (np.asarray(column, float) for column in columns)
        known = np.isfinite(error)
        if known.any():
            _add_precision(
                figure, name, tol[known], work[known], np.maximum(error[known], FLOOR), converged[known]
            )
    _name_failures(figure)
    return _plain_decades(figure).update_layout(showlegend=bool(figure.data))


def _add_precision(
    figure: go.Figure, name: str, tol: np.ndarray, work: np.ndarray, error: np.ndarray, converged: np.ndarray
) -> None:
    failed = converged < 1
    hover = f"{name}<br>tolerance %{{customdata[0]:.0e}}<br>work %{{x:.3~g}}<br>error %{{y:.1e}}"
    hover += "<br>converged %{customdata[1]:.0f} %<extra></extra>"
    add_line(figure, name, work, error, solver_style(name), hover)
    figure.data[-1].customdata = np.stack([tol, 100 * converged], axis=1)
    if failed.any():
        figure.add_scatter(
            x=work[failed],
            y=error[failed],
            mode="markers",
            marker=dict(FAILED_MARKER),
            hoverinfo="skip",
            showlegend=False,
        )


def add_line(
    figure: go.Figure, name: str, x: np.ndarray, y: np.ndarray, style: SolverStyle, hover: str
) -> None:
    """A named curve with a marker at every point, in the style of its solver or gradient. x, y: (n,)."""
    figure.add_scatter(
        x=x,
        y=y,
        name=name,
        mode="lines+markers",
        line=style.line,
        marker={"symbol": style.marker, "size": 7, "color": style.color},
        hovertemplate=hover,
    )


def compute_curves(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    y_title: str,
    trained_with: int | None = None,
    *,
    log_y: bool = False,
    height: int = 380,
) -> go.Figure:
    """Accuracy (a fraction) or residual against the evaluations allowed, solver -> (budget, value), each (n,).

    trained_with: the evaluations that training allowed, a vertical line.
    """
    y_type: AxisType = "log" if log_y else "linear"
    figure = styled_figure("evaluations allowed", y_title, x_type="log", y_type=y_type, height=height)
    for name, (budget, values) in curves.items():
        style = solver_style(name)
        values = np.asarray(values, float)
        add_line(
            figure,
            name,
            np.asarray(budget),
            np.maximum(values, FLOOR) if log_y else values,
            style,
            f"{name}<br>%{{x}} evaluations<br>%{{y:{'.1e' if log_y else '.1%'}}}<extra></extra>",
        )
    if not log_y:
        figure.update_yaxes(tickformat=".0%")
    if trained_with is not None and figure.data:
        _mark_training(figure, trained_with, at_top=log_y)
    figure.update_xaxes(exponentformat="none", dtick=1)
    return figure.update_layout(showlegend=bool(figure.data))


def _mark_training(figure: go.Figure, evaluations: int, at_top: bool) -> None:
    """A vertical line, named where the curves are not: residuals end at the bottom, accuracies at the top."""
    line = {"color": NEUTRAL, "width": 1, "dash": "dash"}
    figure.add_shape(type="line", x0=evaluations, x1=evaluations, y0=0, y1=1, yref="y domain", line=line)
    figure.add_annotation(
        x=np.log10(evaluations),
        y=0.98 if at_top else 0.02,
        yref="y domain",
        yanchor="top" if at_top else "bottom",
        xanchor="left",
        text=f"most in training: {evaluations}",
        showarrow=False,
        font={"size": 11, "color": NEUTRAL},
    )


def effort_histogram(nfe: ArrayLike, converged: ArrayLike, solver: str, *, height: int = 320) -> go.Figure:
    """How many samples needed how many evaluations; unsolved ones apart, in red. nfe, converged: (batch,)."""
    nfe, converged = np.asarray(nfe), np.asarray(converged, bool)
    figure = styled_figure("evaluations of f", "samples", height=height)
    width = max(1, -(-int(np.ptp(nfe)) // BINS)) if nfe.size else 1
    for name, mask, color in (
        (solver, converged, solver_style(solver).color),
        (FAILED_TEXT, ~converged, FAILED_MARKER["color"]),
    ):
        first, samples = np.unique(nfe[mask] // width * width, return_counts=True)
        if len(first):
            _add_bars(figure, name, first, samples, width, color)
    return figure.update_layout(barmode="stack", showlegend=not converged.all())


def _add_bars(
    figure: go.Figure, name: str, first: np.ndarray, samples: np.ndarray, width: int, color: object
) -> None:
    """Bars over `width` counts of evaluations each, from `first` on."""
    span = [f"{k}" if width == 1 else f"{k} to {k + width - 1}" for k in first]
    figure.add_bar(
        x=first + (width - 1) / 2,
        y=samples,
        width=0.85 * width,
        name=name,
        marker={"color": color},
        customdata=span,
        hovertemplate=f"{name}<br>%{{customdata}} evaluations<br>%{{y}} samples<extra></extra>",
    )


def distance_strip(
    ends: Mapping[str, tuple[ArrayLike, ArrayLike]], tol: float, *, height: int = 300
) -> go.Figure:
    """How far each sample ends from its usual z*, ||z - z*|| / ||z*||: a point a sample, a row a start.

    ends: start -> (distance, converged), each (batch,). A distance of zero is drawn at the left end, a solve that
    did not converge as a hollow red cross. tol: the dashed line.
    """
    figure = styled_figure("relative distance to the usual z*", "", x_type="log", height=height)
    for row, (name, (distance, converged)) in enumerate(ends.items()):
        x, solved = np.maximum(np.asarray(distance, float), NEAREST), np.asarray(converged, bool)
        y = row + 0.3 * (np.random.default_rng(row).random(len(x)) - 0.5)
        hover = f"{name}<br>distance %{{x:.1e}}<extra></extra>"
        for mask, marker in (
            (solved, {"size": 6, "opacity": 0.6, "color": ACCENT}),
            (~solved, dict(FAILED_MARKER, size=7)),
        ):
            if mask.any():
                figure.add_scatter(x=x[mask], y=y[mask], mode="markers", marker=marker, hovertemplate=hover)
    line = {"color": NEUTRAL, "width": 1, "dash": "dash"}
    figure.add_shape(type="line", x0=tol, x1=tol, y0=0, y1=1, yref="y domain", line=line)
    names = list(ends)
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names, nticks=None, showgrid=False)
    _name_failures(figure)
    figure.update_traces(showlegend=False, selector={"legendgroup": None})
    figure.update_layout(showlegend=not all(np.all(converged) for _, converged in ends.values()))
    return figure.update_xaxes(range=[np.log10(NEAREST) - 0.3, 0.6])
