"""Solvers compared: residual against evaluations, work-precision, test-time compute, starts."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.residuals import FLOOR, residual_curves
from deq.plots.style import (
    ACCENT,
    FAILED_MARKER,
    FAILED_TEXT,
    NEUTRAL,
    AxisType,
    add_failures,
    add_line,
    add_upright,
    solver_style,
    styled_figure,
)
from deq.plots.ticks import percent_ticks, plain_ticks

NO_BARS: Mapping[str, tuple[ArrayLike, ArrayLike]] = MappingProxyType({})
BINS = 60  # most bars of a histogram
NEAREST = 1e-8  # smaller distances are rounding errors

Curves = Mapping[str, tuple[ArrayLike, ArrayLike]]


def race_by_nfe(curves: Curves, tol: float, *, height: int = 400) -> Figure:
    """Relative residual against evaluations of f, both on log axes: median and band from 10 to 90 %.

    curves: solver -> (nfe, residual), each (batch, n), NaN past the end of a sample. tol: the dashed line.
    """
    figure = residual_curves(curves, tol, legend=True)
    for trace in figure.traces:
        if hover := trace.get("hovertemplate"):
            trace["hovertemplate"] = hover.replace("%{x} eval", "%{x:.3~g} eval")
    figure.update_xaxes(type="log", autorange=True, range=None)
    low, high = _height_range(figure, tol)
    figure.update_yaxes(range=[low, high], dtick=1 if high - low < 7 else 2)
    _name_failures(figure)
    plain_ticks(figure, _drawn_along(figure))
    return figure.update_layout(height=height, showlegend=bool(figure.traces))


def _name_failures(figure: Figure) -> None:
    """Explain the red crosses by one entry in the legend."""
    crosses = [
        trace for trace in figure.traces if trace.get("marker", {}).get("symbol") == FAILED_MARKER["symbol"]
    ]
    for first, trace in enumerate(crosses):
        trace.update(name=FAILED_TEXT, legendgroup=FAILED_TEXT, showlegend=first == 0)


def _drawn_along(figure: Figure) -> np.ndarray:
    """Every x of its traces, (n,)."""
    return np.concatenate([np.asarray(trace["x"], float) for trace in figure.traces] or [np.ones(1)])


def _height_range(figure: Figure, tol: float) -> tuple[float, float]:
    """Decades from just below the lowest median to just above the highest; a band at zero does not stretch them."""
    lines = [np.asarray(trace["y"], float) for trace in figure.traces if "hovertemplate" in trace]
    drawn = np.concatenate([*lines, [tol]])
    drawn = drawn[np.isfinite(drawn) & (drawn > FLOOR)]
    return float(np.log10(drawn.min(initial=tol))) - 0.7, float(np.log10(drawn.max(initial=1))) + 0.4


def work_precision_diagram(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]],
    x_title: str,
    quartiles: Mapping[str, tuple[ArrayLike, ArrayLike]] = NO_BARS,
) -> Figure:
    """True error against work, one point per tolerance; the lower left is better.

    curves: solver -> (tolerance, work, error, converged), each (n,), converged from 0 to 1; a point where some
    samples did not converge is a hollow red cross. quartiles: solver -> lower and upper quartile of the work, each
    (n,), drawn as bars.
    """
    figure = styled_figure(x_title, "relative error against float64", x_type="log", y_type="log", height=400)
    for name, columns in curves.items():
        tol, work, error, converged = (np.asarray(column, float) for column in columns)
        known = np.isfinite(error)
        if known.any():
            _add_precision(
                figure, name, tol[known], work[known], np.maximum(error[known], FLOOR), converged[known]
            )
        if known.any() and name in quartiles:
            low, high = (np.asarray(end, float)[known] for end in quartiles[name])
            line = next(trace for trace in figure.traces if trace.get("name") == name)
            line["error_x"] = {"array": high - work[known], "arrayminus": work[known] - low, "thickness": 1.5}
    _name_failures(figure)
    plain_ticks(figure, _drawn_along(figure))
    return figure.update_layout(showlegend=bool(figure.traces))


def _add_precision(
    figure: Figure, name: str, tol: np.ndarray, work: np.ndarray, error: np.ndarray, converged: np.ndarray
) -> None:
    failed = converged < 1
    hover = "tolerance %{customdata[0]:.0e}<br>work %{x:.3~g}<br>error %{y:.1e}"
    hover += "<br>converged %{customdata[1]:.0f} %"
    add_line(figure, name, work, error, solver_style(name), hover)
    figure.traces[-1]["customdata"] = np.stack([tol, 100 * converged], axis=1)
    if failed.any():
        add_failures(figure, work[failed], error[failed])


def compute_curves(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    y_title: str,
    trained_with: int | None = None,
    *,
    log_y: bool = False,
) -> Figure:
    """Accuracy (a fraction) or residual against the evaluations allowed, solver -> (budget, value), each (n,).

    trained_with: the evaluations allowed in training, a vertical line.
    """
    y_type: AxisType = "log" if log_y else "linear"
    figure = styled_figure("evaluations allowed", y_title, x_type="log", y_type=y_type)
    hover = f"evaluations: %{{x}}<br>%{{y:{'.1e' if log_y else '.1%'}}}"
    for name, (budget, values) in curves.items():
        values = np.maximum(np.asarray(values, float), FLOOR if log_y else 0)
        add_line(figure, name, np.asarray(budget), values, solver_style(name), hover)
    if not log_y:
        figure.update_yaxes(percent_ticks(0, 0.2, 0.4, 0.6, 0.8, 1))
    if trained_with is not None and figure.traces:
        _mark_training(figure, trained_with, at_top=log_y)
    figure.update_xaxes(exponentformat="none", dtick=1)
    return figure.update_layout(showlegend=bool(figure.traces))


def _mark_training(figure: Figure, evaluations: int, at_top: bool) -> None:
    """A vertical line, named away from the curves: residuals end at the bottom, accuracies at the top."""
    add_upright(figure, evaluations)
    figure.add_annotation(
        x=np.log10(evaluations),
        y=0.98 if at_top else 0.02,
        yref="y domain",
        yanchor="top" if at_top else "bottom",
        xanchor="left",
        text=f"allowed in training: {evaluations}",
        showarrow=False,
        font={"size": 11, "color": NEUTRAL},
    )


def effort_histogram(nfe: ArrayLike, converged: ArrayLike, solver: str) -> Figure:
    """Number of samples by evaluations needed, unconverged ones in red. nfe, converged: (batch,)."""
    nfe, converged = np.asarray(nfe), np.asarray(converged, bool)
    figure = styled_figure("evaluations of f", "samples", height=320)
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
    figure: Figure, name: str, first: np.ndarray, samples: np.ndarray, width: int, color: object
) -> None:
    """Bars that cover `width` counts of evaluations each, starting at `first`."""
    span = [f"{k}" if width == 1 else f"{k} to {k + width - 1}" for k in first]
    figure.add_bar(
        x=first + (width - 1) / 2,
        y=samples,
        width=0.85 * width,
        name=name,
        marker={"color": color},
        customdata=span,
        hovertemplate=f"{name}<br>evaluations: %{{customdata}}<br>samples: %{{y}}<extra></extra>",
    )


def distance_strip(ends: Mapping[str, tuple[ArrayLike, ArrayLike]], tol: float) -> Figure:
    """Distance of each end to the z* of the model's own start, relative to it: one row per start, one point per sample.

    ends: start -> (distance, converged), each (batch,). What is nearer than rounding errors is drawn at the left edge,
    whose tick says so; a solve that did not converge is a hollow red cross. tol: the dashed line.
    """
    figure = styled_figure("relative distance to z* of the model's own start", "", x_type="log", height=300)
    for row, (name, (distance, converged)) in enumerate(ends.items()):
        away, solved = np.asarray(distance, float), np.asarray(converged, bool)
        x = np.maximum(away, NEAREST)
        y = row + 0.3 * (np.random.default_rng(row).random(len(x)) - 0.5)
        hover = f"{name}<br>distance %{{customdata:.1e}}<extra></extra>"
        for mask, marker in (
            (solved, {"size": 6, "opacity": 0.6, "color": ACCENT}),
            (~solved, dict(FAILED_MARKER, size=7)),
        ):
            if mask.any():
                drawn = {"x": x[mask], "y": y[mask], "customdata": away[mask]}
                figure.add_scatter(**drawn, mode="markers", marker=marker, hovertemplate=hover)
    add_upright(figure, tol)
    names = list(ends)
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names, nticks=None, showgrid=False)
    _name_failures(figure)
    for trace in figure.traces:
        trace.setdefault("showlegend", False)  # all but the crosses, which `_name_failures` has named
    figure.update_layout(showlegend=not all(np.all(converged) for _, converged in ends.values()))
    low = round(np.log10(NEAREST))
    ticks = {power: f"10<sup>{power}</sup>".replace("-", "−") for power in range(low, 1, 2)}
    ticks |= {low: f"≤ {ticks[low]}", 0: "1"}
    figure.update_xaxes(tickvals=[10.0**power for power in ticks], ticktext=list(ticks.values()), nticks=None)
    return figure.update_xaxes(range=[low - 0.3, 0.6])
