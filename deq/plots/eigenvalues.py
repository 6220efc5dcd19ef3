"""Eigenvalues of df/dz over the regions of the complex plane where each method converges."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.style import FAILED_RED, HIGHLIGHT, NEUTRAL, add_upright, solver_style, styled_figure

MARGIN = 1.15


def stability_regions(eigenvalues: ArrayLike, damping: float, *, height: int = 340) -> Figure:
    """Where the eigenvalues λ of df/dz must lie in the complex plane for each method to converge.

    Picard: |λ| < 1. Damped: |1 - damping + damping λ| < 1. The flow: Re λ < 1. eigenvalues: (n,) complex.
    """
    values = np.asarray(eigenvalues, complex).ravel()
    values = values[np.isfinite(values)]
    figure = styled_figure("Re λ", "Im λ", height=height)
    reach = float(min(max(2.6, 1.25 * np.max(np.abs(values), initial=0)), 50))
    left, right = -reach - 0.2, max(1.6, 1.25 * float(np.max(values.real, initial=0)))
    flow, damped, picard = (solver_style(name).color for name in ("ODE flow", "damped Picard", "Picard"))
    figure.add_shape(
        type="rect",
        x0=4 * left,
        x1=1,
        y0=-4 * reach,
        y1=4 * reach,
        fillcolor=flow,
        opacity=0.1,
        layer="below",
        line={"width": 0},
    )
    add_upright(figure, 1, flow, "solid")
    for color, radius in ((damped, 1 / damping), (picard, 1.0)):
        figure.add_shape(
            type="circle",
            x0=1 - 2 * radius,
            x1=1,
            y0=-radius,
            y1=radius,
            fillcolor=color,
            opacity=0.22,
            layer="below",
            line={"color": color, "width": 2},
        )
    _label_regions(figure, damping, reach, left)
    figure.add_scatter(
        x=values.real,
        y=values.imag,
        mode="markers",
        marker={"symbol": "diamond", "size": 12, "color": HIGHLIGHT, "line": {"color": "black", "width": 1}},
        hovertemplate="λ = %{x:.3f} %{y:+.3f} i<extra></extra>",
    )
    figure.update_xaxes(range=[left, right], constrain="domain")
    return figure.update_yaxes(
        range=[-0.6 * reach - 0.2, 0.6 * reach + 0.2], scaleanchor="x", constrain="domain"
    )


def _label_regions(figure: Figure, damping: float, reach: float, left: float) -> None:
    """Name the regions inside them, in the page's text colour: tinted text on a tinted ground is hard to read."""
    labels = [("flow: Re λ < 1", left, 0.6 * reach), ("Picard", -0.35, -0.75)]
    if damping < 1:
        labels.append(("damped", max(1 - 1.9 / damping, left), 0.25))
    for text, x, y in labels:
        figure.add_annotation(
            x=x,
            y=y,
            text=text,
            showarrow=False,
            font={"size": 13, "color": NEUTRAL},
            xanchor="left",
            xshift=4,
        )


def spectrum_regions(eigenvalues: ArrayLike, damping: float) -> Figure:
    """Eigenvalues λ of df/dz, (samples, n) complex, over the regions of Picard, damped Picard and the ODE flow.

    Red crosses lie outside the flow's half-plane: none of these methods converges there.
    """
    values = np.asarray(eigenvalues, complex)
    figure = stability_regions(values, damping, height=480)
    figure.traces.clear()
    sample = np.repeat(np.arange(values.shape[0]), values.shape[1]) if values.size else np.zeros(0, int)
    flat = values.ravel()
    lost = flat.real >= 1
    _add_points(figure, flat[~lost], sample[~lost], {"symbol": "circle", "color": HIGHLIGHT, "size": 5})
    _add_points(figure, flat[lost], sample[lost], {"symbol": "x", "color": FAILED_RED, "size": 7})
    return _fit(figure, flat, damping)


def _add_points(figure: Figure, values: np.ndarray, sample: np.ndarray, marker: dict[str, Any]) -> None:
    if len(values):
        figure.add_scatter(
            x=values.real,
            y=values.imag,
            mode="markers",
            marker=marker | {"line": {"width": 0.5, "color": "rgba(0, 0, 0, 0.6)"}},
            customdata=sample,
            hovertemplate="λ = %{x:.3f} %{y:+.3f} i<br>sample %{customdata}<extra></extra>",
        )


def _fit(figure: Figure, values: np.ndarray, damping: float) -> Figure:
    """Show every eigenvalue, the unit disc and, unless it is far larger, the damped disc."""
    disc = min(1 / damping, 2.5)
    up = MARGIN * max(1.0, disc, np.max(np.abs(values.imag), initial=0))
    left = min(-1.0, 1 - 2 * disc, np.min(values.real, initial=0))
    right = max(1.0, np.max(values.real, initial=0))
    pad = 0.08 * (right - left) + 0.15
    figure.update_yaxes(range=[-up, up])
    figure.update_xaxes(range=[left - pad, right + pad + 0.2])
    for note in figure.plain["layout"]["annotations"]:
        if note["text"].startswith("flow"):
            note.update(x=left - pad, y=0.93 * up)
    return figure
