"""Eigenvalues over the regions where each method settles."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from deq.plots.flows import stability_regions
from deq.plots.style import FAILED_RED, HIGHLIGHT

SLACK = 1.15


def spectrum_regions(eigenvalues: ArrayLike, damping: float, *, height: int = 480) -> go.Figure:
    """Eigenvalues λ of df/dz, (samples, n) complex, over the regions of Picard, damped Picard and the ODE flow.

    A cross in red lies outside the flow's half-plane: none of these methods settles there.
    """
    values = np.asarray(eigenvalues, complex)
    figure = stability_regions(values, damping, height=height)
    figure.data = ()
    sample = np.repeat(np.arange(values.shape[0]), values.shape[1]) if values.size else np.zeros(0, int)
    flat = values.ravel()
    lost = flat.real >= 1
    _add_points(figure, flat[~lost], sample[~lost], {"symbol": "circle", "color": HIGHLIGHT, "size": 5})
    _add_points(figure, flat[lost], sample[lost], {"symbol": "x", "color": FAILED_RED, "size": 7})
    return _fit(figure, flat, damping)


def _add_points(figure: go.Figure, values: np.ndarray, sample: np.ndarray, marker: dict[str, Any]) -> None:
    if len(values):
        figure.add_scatter(
            x=values.real,
            y=values.imag,
            mode="markers",
            marker=marker | {"line": {"width": 0.5, "color": "rgba(0, 0, 0, 0.6)"}},
            customdata=sample,
            hovertemplate="l = %{x:.3f} %{y:+.3f} i<br>sample %{customdata}<extra></extra>",
        )


def _fit(figure: go.Figure, values: np.ndarray, damping: float) -> go.Figure:
    """Show every eigenvalue, the unit disc and, where it is not far larger, the damped disc."""
    disc = min(1 / damping, 2.5)
    up = SLACK * max(1.0, disc, np.max(np.abs(values.imag), initial=0))
    left = min(-1.0, 1 - 2 * disc, np.min(values.real, initial=0))
    right = max(1.0, np.max(values.real, initial=0))
    pad = 0.08 * (right - left) + 0.15
    figure.update_yaxes(range=[-up, up])
    figure.update_xaxes(range=[left - pad, right + pad + 0.2])
    for note in figure.layout.annotations:
        if note.text.startswith("flow"):
            note.update(x=left - pad, y=0.93 * up)
    return figure
