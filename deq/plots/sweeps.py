"""A parameter sweep: the bifurcation diagram with the Lyapunov exponent below it."""

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.style import ACCENT, GRID, HIGHLIGHT, NEUTRAL, TRANSPARENT, styled_figure

BINS = 320  # in x, fewer than the plot has pixels, so that each is visible
LOWEST_EXPONENT = -3.0  # superstable orbits have -inf; the axis stops here
INK = [[0.0, TRANSPARENT], [1e-6, "rgba(0, 114, 178, 0.35)"], [1.0, "rgba(0, 114, 178, 1)"]]


def bifurcation_diagram(
    a: ArrayLike, x: ArrayLike, lyapunov: ArrayLike, current: float | None = None
) -> Figure:
    """Density of late iterates over the parameter, with the Lyapunov exponent below.

    a: (n,) ascending; x: (kept, n) late iterates, NaN where the orbit diverged; lyapunov: (n,) in nats per step;
    current: the value of a to mark.
    """
    a, x, lyapunov = (np.asarray(values, float) for values in (a, x, lyapunov))
    figure = styled_figure("parameter a", "x after many steps", height=500)
    if not len(a) or not np.isfinite(x).any():
        return figure
    levels, density = orbit_density(x)
    figure.add_heatmap(
        x=a,
        y=levels,
        z=density.astype(np.float32),
        colorscale=INK,
        showscale=False,
        hovertemplate="a = %{x:.4f}<br>x near %{y:.4f}<extra></extra>",
    )
    _add_exponent(figure, a, lyapunov)
    if current is not None and a[0] <= current <= a[-1]:
        line = {"color": NEUTRAL, "width": 2}
        figure.add_shape(type="line", x0=current, x1=current, y0=0, y1=1, yref="paper", line=line)
        figure.add_annotation(
            x=current,
            y=1,
            yref="paper",
            yanchor="bottom",
            text=f"a = {current:g}",
            showarrow=False,
        )
    return figure.update_layout(margin={"t": 26})


def orbit_density(x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Levels (320,) of x and how often each column of x (kept, n) visits them, (320, n), from 0 to 1.

    As square roots, which keep both sharp branches and thin chaos visible.
    """
    x = np.asarray(x, float)
    low, high = np.nanquantile(x, (0.002, 0.998))
    pad = 0.04 * (high - low) + 1e-9 * (1 + abs(low))
    edges = np.linspace(low - pad, high + pad, BINS + 1)
    row = np.searchsorted(edges, x, side="right") - 1
    column = np.broadcast_to(np.arange(x.shape[1]), x.shape)
    inside = np.isfinite(x) & (row >= 0) & (row < BINS)
    counts = np.zeros((BINS, x.shape[1]))
    np.add.at(counts, (row[inside], column[inside]), 1)
    ink = np.sqrt(np.minimum(counts / max(1, 0.05 * len(x)), 1))
    ink[1:] = np.maximum(ink[1:], 0.6 * ink[:-1])  # two levels thick: thinner branches look dotted
    return 0.5 * (edges[1:] + edges[:-1]), ink


def _add_exponent(figure: Figure, a: np.ndarray, lyapunov: np.ndarray) -> None:
    """The exponent; its part above zero, chaos, is filled in the highlight colour."""
    shown = np.maximum(lyapunov, LOWEST_EXPONENT)
    figure.add_scatter(
        x=a,
        y=shown,
        yaxis="y2",
        mode="lines",
        line={"color": ACCENT, "width": 1},
        hovertemplate="a = %{x:.4f}<br>exponent %{y:.3f}<extra></extra>",
    )
    figure.add_scatter(
        x=a,
        y=np.where(shown > 0, shown, 0.0),
        yaxis="y2",
        mode="lines",
        fill="tozeroy",
        line={"color": HIGHLIGHT, "width": 0},
        hoverinfo="skip",
    )
    figure.update_layout(
        yaxis={"domain": [0.36, 1]},
        yaxis2={
            "domain": [0, 0.27],
            "title": {"text": "Lyapunov exponent<br>nats per step"},
            "gridcolor": GRID,
            "zeroline": True,
            "zerolinecolor": NEUTRAL,
            "anchor": "x",
            "nticks": 5,
            "automargin": True,
        },
        xaxis={"anchor": "y2"},
    )
