"""A model on a test set: confusions, calibration, doubt against cost, and out-of-distribution detectors."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.style import (
    ACCENT,
    HIGHLIGHT,
    NEUTRAL,
    SEQUENTIAL,
    add_upright,
    styled_figure,
)
from deq.plots.ticks import percent_ticks

LEAST_DOUBT = 1e-7  # float32 has no probability closer to one
LEAST_MEMBERS = 10  # quantiles of fewer are meaningless
CLASSES = 10


def confusion_matrix(truth: ArrayLike, predicted: ArrayLike) -> Figure:
    """How often each digit is taken for another: labels (n,), (n,). Mistakes are coloured, correct ones grey."""
    truth, predicted = np.asarray(truth, int), np.asarray(predicted, int)
    figure = styled_figure("prediction", "true digit", height=460)
    if not truth.size:
        return figure
    counts = np.zeros((CLASSES, CLASSES), int)
    np.add.at(counts, (truth, predicted), 1)
    wrong = np.where(np.eye(CLASSES, dtype=bool) | (counts == 0), np.nan, counts)
    figure.add_heatmap(
        z=wrong,
        colorscale=SEQUENTIAL,
        zmin=0,
        xgap=2,
        ygap=2,
        showscale=False,
        hoverongaps=False,
        hovertemplate="%{y} read as %{x}, times: %{z}<extra></extra>",
    )
    diagonal = [(k, k) for k in range(CLASSES)]
    for i, j in (*diagonal, *np.argwhere(~np.isnan(wrong))):
        dark = counts[i, j] < 0.6 * np.nanmax(wrong, initial=0)  # the scale goes from dark to bright
        font = {"color": NEUTRAL if i == j else "white" if dark else "black", "size": 12}
        figure.add_annotation(x=j, y=i, text=f"{counts[i, j]}", showarrow=False, font=font)
    axis = {"tickvals": list(range(CLASSES)), "showgrid": False, "ticks": "", "constrain": "domain"}
    figure.update_xaxes(axis | {"nticks": None})
    return figure.update_yaxes(axis, autorange="reversed", scaleanchor="x", nticks=None)


def reliability_diagram(confidence: ArrayLike, right: ArrayLike, bins: int = 15) -> Figure:
    """Accuracy against confidence in bins of equal width; on the diagonal the confidence is calibrated.

    confidence: (n,) in 0..1. right: (n,) bool. The area of a disc is proportional to the examples in its bin.
    """
    confidence, right = np.asarray(confidence, float), np.asarray(right, float)
    figure = styled_figure("confidence", "accuracy", height=400)
    if not confidence.size:
        return figure
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(bin_of, minlength=bins)
    seen, whole = count > 0, np.maximum(count, 1)
    line = {"color": NEUTRAL, "dash": "dash", "width": 1}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, hoverinfo="skip")
    figure.add_scatter(
        x=(np.bincount(bin_of, confidence, bins) / whole)[seen],
        y=(np.bincount(bin_of, right, bins) / whole)[seen],
        mode="lines+markers",
        line={"color": ACCENT, "width": 1.5},
        marker={"color": ACCENT, "size": 6 + 18 * np.sqrt(count[seen] / np.max(count))},
        customdata=count[seen],
        hovertemplate="confidence %{x:.1%}, accuracy %{y:.1%}<br>examples: %{customdata}<extra></extra>",
    )
    ticks = percent_ticks(0, 0.25, 0.5, 0.75, 1)
    figure.update_xaxes(ticks, range=[0, 1.05])
    return figure.update_yaxes(ticks, range=[0, 1.07])


def effort_and_doubt(nfe: ArrayLike, doubt: ArrayLike, right: ArrayLike) -> Figure:
    """Doubt (1 - confidence) against evaluations of f, both (n,): median and 10 to 90 % band, mistakes as rings."""
    nfe, right = np.asarray(nfe), np.asarray(right, bool)
    doubt = np.maximum(np.asarray(doubt, float), LEAST_DOUBT)
    figure = styled_figure("evaluations of f", "doubt: 1 − confidence", y_type="log", height=400)
    if not nfe.size:
        return figure
    counts, members = np.unique(nfe, return_counts=True)
    counts, members = counts[members >= LEAST_MEMBERS], members[members >= LEAST_MEMBERS]
    bands = np.array([np.quantile(doubt[nfe == n], (0.1, 0.5, 0.9)) for n in counts]).reshape(-1, 3)
    figure.add_scatter(
        x=np.concatenate([counts, counts[::-1]]),
        y=np.concatenate([bands[:, 2], bands[::-1, 0]]),
        fill="toself",
        mode="lines",
        line={"width": 0},
        fillcolor=ACCENT,
        opacity=0.2,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=counts,
        y=bands[:, 1],
        mode="lines",
        line={"color": ACCENT, "width": 2},
        customdata=members,
        hovertemplate="%{x} evaluations: %{customdata} digits<br>median doubt %{y:.1e}<extra></extra>",
    )
    jitter = np.random.default_rng(0).uniform(-0.3, 0.3, int((~right).sum()))
    figure.add_scatter(
        x=nfe[~right] + jitter,
        y=doubt[~right],
        mode="markers",
        marker={"symbol": "circle-open", "size": 7, "color": HIGHLIGHT, "line": {"width": 1.5}},
        hovertemplate="mistake<br>doubt %{y:.1e}<extra></extra>",
    )
    return figure


def detector_boxes(
    scores: Mapping[str, ArrayLike],
    areas: Mapping[str, float],
    name: str,
    yours: float | None,
    *,
    log: bool,
) -> Figure:
    """A detector's scores by kind of input, as boxes over the quartiles with whiskers at 5 and 95 %.

    areas: kind -> AUROC against the first kind, written at its box. yours: the score of one input, a dotted line.
    """
    figure = styled_figure(name, "", x_type="log" if log else "linear", height=300)
    for kind, values in scores.items():
        low, first, median, third, high = np.quantile(
            np.maximum(np.asarray(values, float), LEAST_DOUBT if log else 0), (0.05, 0.25, 0.5, 0.75, 0.95)
        )
        area = f"<br>AUROC {areas[kind]:.3f}" if kind in areas else ""
        figure.add_box(
            y=[f"{kind}  <b>{areas[kind]:.2f}</b>" if kind in areas else kind],
            lowerfence=[low],
            q1=[first],
            median=[median],
            q3=[third],
            upperfence=[high],
            orientation="h",
            line={"color": NEUTRAL if kind in areas else ACCENT, "width": 1.5},
            hoverinfo="text",
            hovertext=f"{kind}: median {median:.2g}{area}",
        )
    if log:
        figure.update_xaxes(dtick=1)
    if yours is not None:
        add_upright(figure, max(yours, LEAST_DOUBT) if log else yours, HIGHLIGHT, "dot", 2)
    return figure.update_yaxes(type="category", autorange="reversed", showgrid=False, nticks=None)
