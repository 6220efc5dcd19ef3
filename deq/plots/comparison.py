"""Solvers compared: the race against evaluations and against time, work and precision, test-time compute."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from deq.plots.residuals import FLOOR, residual_curves
from deq.plots.style import (
    FAILED_MARKER,
    FAILED_TEXT,
    GRID,
    NEUTRAL,
    SolverStyle,
    solver_style,
    styled_figure,
)

Curves = Mapping[str, tuple[ArrayLike, ArrayLike]]


def race_by_nfe(curves: Curves, tol: float, *, height: int = 400) -> go.Figure:
    """Relative residual against evaluations of f, both logarithmic: median and band from 10 to 90 %.

    curves: solver -> (nfe, residual), each (batch, n), NaN past the end of a sample. tol: the dashed line.
    """
    return _on_log_axis(residual_curves(curves, tol), "evaluations of f", "evaluations", height)


def race_by_time(curves: Curves, tol: float, *, height: int = 400) -> go.Figure:
    """The same against milliseconds for the whole batch. curves: solver -> (milliseconds, residual)."""
    return _on_log_axis(residual_curves(curves, tol), "milliseconds, the whole batch", "ms", height)


def _on_log_axis(figure: go.Figure, title: str, unit: str, height: int) -> go.Figure:
    """x on a log axis, for some solvers need ten times what others do; room for the names at the right."""
    drawn = np.concatenate([np.asarray(t.x, float) for t in figure.data] or [np.ones(1)])
    drawn = drawn[drawn > 0]
    low, high = np.log10(drawn.min(initial=1)), np.log10(drawn.max(initial=1))
    for note in figure.layout.annotations:
        if note.xref != "paper":
            note.x = np.log10(note.x)
    for trace in figure.data:
        if trace.hovertemplate:
            trace.hovertemplate = trace.hovertemplate.replace("%{x} evaluations", f"%{{x:.3~g}} {unit}")
    room = 0.0 if figure.layout.showlegend else 0.34
    span = max(high - low, 0.5)
    axis = {
        "type": "log",
        "range": [low - 0.03 * span, high + (0.05 + room) * span],
        "title": {"text": title},
    }
    figure.update_xaxes(
        axis | {"exponentformat": "none", "minor": {"showgrid": False}, "dtick": _ticks(span)}
    )
    return figure.update_layout(height=height)


def _ticks(span: float) -> str | int:
    """Within two decades 1, 2, 5; beyond, powers of ten."""
    return "D2" if span < 2 else 1


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
    figure.update_xaxes(exponentformat="none")
    return figure.update_layout(showlegend=bool(figure.data))


def _add_precision(
    figure: go.Figure, name: str, tol: np.ndarray, work: np.ndarray, error: np.ndarray, converged: np.ndarray
) -> None:
    style, failed = solver_style(name), converged < 1
    figure.add_scatter(
        x=work,
        y=error,
        name=name,
        mode="lines+markers",
        line=style.line,
        marker=_markers(style, failed),
        customdata=np.stack([tol, 100 * converged], axis=1),
        hovertemplate=f"{name}<br>tolerance %{{customdata[0]:.0e}}<br>work %{{x:.3~g}}<br>"
        "error %{y:.1e}<br>converged %{customdata[1]:.0f} %<extra></extra>",
    )


def _markers(style: SolverStyle, failed: np.ndarray) -> dict[str, object]:
    """The solver's own marker, a hollow red cross where it failed."""
    return {
        "symbol": [FAILED_MARKER["symbol"] if bad else style.marker for bad in failed],
        "color": [FAILED_MARKER["color"] if bad else style.color for bad in failed],
        "size": [10 if bad else 8 for bad in failed],
    }


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
    figure = styled_figure("evaluations allowed", y_title, x_type="log", height=height)
    for name, (budget, values) in curves.items():
        style = solver_style(name)
        values = np.asarray(values, float)
        figure.add_scatter(
            x=np.asarray(budget),
            y=np.maximum(values, FLOOR) if log_y else values,
            name=name,
            mode="lines+markers",
            line=style.line,
            marker={"symbol": style.marker, "size": 7, "color": style.color},
            hovertemplate=f"{name}<br>%{{x}} evaluations<br>%{{y:{'.1e' if log_y else '.1%'}}}<extra></extra>",
        )
    figure.update_yaxes(**({"type": "log", "exponentformat": "power"} if log_y else {"tickformat": ".0%"}))
    if trained_with is not None and figure.data:
        _mark_training(figure, trained_with)
    figure.update_xaxes(exponentformat="none", dtick="D2")
    return figure.update_layout(showlegend=bool(figure.data))


def _mark_training(figure: go.Figure, evaluations: int) -> None:
    line = {"color": NEUTRAL, "width": 1, "dash": "dash"}
    figure.add_shape(type="line", x0=evaluations, x1=evaluations, y0=0, y1=1, yref="y domain", line=line)
    figure.add_annotation(
        x=np.log10(evaluations),
        y=0.02,
        yref="y domain",
        yanchor="bottom",
        xanchor="left",
        text=f"most in training: {evaluations}",
        showarrow=False,
        font={"size": 11, "color": NEUTRAL},
    )


def effort_histogram(nfe: ArrayLike, converged: ArrayLike, solver: str, *, height: int = 320) -> go.Figure:
    """How many samples needed how many evaluations: a bar for each count; unsolved ones apart, in red."""
    nfe, converged = np.asarray(nfe), np.asarray(converged, bool)
    figure = styled_figure("evaluations of f", "samples", height=height)
    for name, mask, color in (
        (solver, converged, solver_style(solver).color),
        (FAILED_TEXT, ~converged, FAILED_MARKER["color"]),
    ):
        counts, samples = np.unique(nfe[mask], return_counts=True)
        if len(counts):
            hover = f"{name}<br>%{{x}} evaluations<br>%{{y}} samples<extra></extra>"
            figure.add_bar(x=counts, y=samples, name=name, marker={"color": color}, hovertemplate=hover)
    figure.update_layout(barmode="stack", bargap=0.15, showlegend=not converged.all())
    return figure.update_yaxes(gridcolor=GRID)


def alignment_strip(distance: Mapping[str, ArrayLike], aligned: float, *, height: int = 300) -> go.Figure:
    """How far each sample ends from its own z*: 1 - cosine, a point a sample, a row a start.

    distance: start -> (batch,). Left of the line, at 1 - `aligned`, counts as the same equilibrium.
    """
    figure = styled_figure(
        "1 − cosine with z* from the model's own start", "start", x_type="log", height=height
    )
    for row, (name, values) in enumerate(distance.items()):
        values = np.maximum(np.asarray(values, float), 1e-8)
        jitter = 0.3 * (np.random.default_rng(row).random(len(values)) - 0.5)
        figure.add_scatter(
            x=values,
            y=row + jitter,
            name=name,
            mode="markers",
            marker={"size": 6, "opacity": 0.6, "color": solver_style("Picard").color},
            hovertemplate=f"{name}<br>1 − cosine %{{x:.1e}}<extra></extra>",
        )
    line = {"color": NEUTRAL, "width": 1, "dash": "dash"}
    figure.add_shape(type="line", x0=1 - aligned, x1=1 - aligned, y0=0, y1=1, yref="y domain", line=line)
    names = list(distance)
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names, nticks=None, showgrid=False)
    return figure.update_xaxes(range=[-8.3, 0.4])
