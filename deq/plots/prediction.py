"""A digit and its prediction: the 28x28 pixels, maps over its pixels, class probabilities and how they settled."""

import html
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from deq.plots.figure import Figure
from deq.plots.style import (
    ACCENT,
    DIVERGING,
    FAILED_MARKER,
    FAILED_RED,
    FAILED_TEXT,
    GRAY,
    NEUTRAL,
    TRANSPARENT,
    label_ends,
    styled_figure,
)
from deq.plots.ticks import percent_ticks

INK = 128  # of 255, where the outline of the digit is drawn
NAMED = 0.2  # a class is named if its probability exceeds this after the start
MOST_BARS = 12  # of classes with names


def digit_picture(image: ArrayLike, height: int = 260) -> Figure:
    """A picture (rows, columns) uint8, white on black, with sharp pixels; hover shows the value in 0..255."""
    image = np.asarray(image)
    figure = _picture(height)
    if image.size:
        hover = "row %{y}, column %{x}<br>ink %{z} of 255<extra></extra>"
        scale = {"colorscale": GRAY, "zmin": 0, "zmax": 255, "showscale": False}
        figure.add_heatmap(z=image, zsmooth=False, hovertemplate=hover, **scale)
    return figure.update_yaxes(autorange="reversed")


def pixel_map(values: ArrayLike, image: ArrayLike, meaning: str) -> Figure:
    """Values (rows, columns) over a picture (28, 28) uint8 drawn as an outline; red is positive, blue negative.

    Fewer values than pixels are spread evenly over it. meaning: of a value, with its unit, for the hover text.
    """
    values, image = np.asarray(values, float), np.asarray(image)
    figure = _picture(300)
    if values.size:
        _add_values(figure, values, len(image), meaning)
        figure.add_contour(
            z=image,
            contours={"start": INK, "end": INK, "coloring": "none"},
            line={"color": NEUTRAL, "width": 2},
            showscale=False,
            hoverinfo="skip",
        )
    figure.update_xaxes(range=[-0.5, image.shape[-1] - 0.5])
    return figure.update_yaxes(range=[len(image) - 0.5, -0.5])


def _picture(height: int) -> Figure:
    """An empty figure without axes or margins, with square pixels."""
    axis = {"visible": False, "constrain": "domain"}
    layout = {"height": height, "margin": {"l": 0, "r": 0, "t": 0, "b": 0}}
    layout |= {"paper_bgcolor": TRANSPARENT, "plot_bgcolor": TRANSPARENT}
    return Figure({"layout": layout | {"xaxis": axis, "yaxis": axis | {"scaleanchor": "x"}}})


def _add_values(figure: Figure, values: np.ndarray, pixels: int, meaning: str) -> None:
    step = pixels / len(values)
    largest = max(float(np.nanmax(np.abs(values), initial=0)), 1e-12)
    figure.add_heatmap(
        z=values.astype(np.float32),
        x0=(step - 1) / 2,
        dx=step,
        y0=(step - 1) / 2,
        dy=step,
        zsmooth=False,
        zmin=-largest,
        zmax=largest,
        colorscale=DIVERGING,
        colorbar={"thickness": 10, "outlinewidth": 0},
        hovertemplate=f"row %{{y:.0f}}, column %{{x:.0f}}<br>%{{z:.3g}} {meaning}<extra></extra>",
    )


def probability_bars(
    probabilities: ArrayLike,
    converged: bool = True,
    height: int = 260,
    names: Sequence[str] | None = None,
) -> Figure:
    """A bar for the probability of each class, the largest coloured. probabilities: (classes,).

    converged: if False, all bars are grey and a note says so: without an equilibrium there is no prediction.
    names: of classes that are not digits; of many, the MOST_BARS most probable are drawn.
    """
    probabilities = np.asarray(probabilities, float)
    if names is not None:
        return named_bars(probabilities, names, converged, height)
    figure = styled_figure("probability", "digit", height=height)
    if not probabilities.size:
        return figure
    classes = list(range(len(probabilities)))
    best = int(np.argmax(probabilities)) if converged else -1
    figure.add_bar(
        x=probabilities,
        y=classes,
        orientation="h",
        marker={"color": [ACCENT if k == best else NEUTRAL for k in classes]},
        text=[percent(p) for p in probabilities],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.4f}<extra></extra>",
    )
    figure.update_xaxes(percent_ticks(0, 0.5, 1), range=[0, 1.3])
    figure.update_yaxes(tickvals=classes, autorange="reversed", showgrid=False, nticks=None)
    if not converged:
        _add_failure(figure, len(classes))
    return figure.update_layout(bargap=0.25)


def named_bars(
    probabilities: np.ndarray, names: Sequence[str], converged: bool = True, height: int = 260
) -> Figure:
    """The same for classes with names, the most probable one on top. probabilities: (classes,)."""
    order = np.argsort(-probabilities, kind="stable")[:MOST_BARS]
    kept = np.sort(order) if len(order) == len(probabilities) else order
    figure = probability_bars(probabilities[kept], converged, height).update_yaxes(title={"text": "class"})
    texts = [html.escape(names[k]) for k in kept]
    hover = "%{customdata}: %{x:.4f}<extra></extra>"
    if kept.size:
        figure.traces[0] |= {"customdata": texts, "hovertemplate": hover}
    return figure.update_yaxes(ticktext=texts)


def _add_failure(figure: Figure, bars: int) -> None:
    """A hollow red cross with a label, in the middle of the bars."""
    figure.add_scatter(
        x=[0.5],
        y=[(bars - 1) / 2],
        mode="markers+text",
        marker=dict(FAILED_MARKER),
        text=[FAILED_TEXT],
        textposition="bottom center",
        textfont={"color": FAILED_RED, "size": 15},
        hoverinfo="skip",
    )


def probability_paths(nfe: ArrayLike, probabilities: ArrayLike, height: int = 300) -> Figure:
    """Class probabilities of every iterate, (n, classes), against evaluations of f (n,).

    Classes that become likely are thick lines with the numeral at their end; that of the final answer is coloured.
    Iterates that are not finite are left out.
    """
    nfe, probabilities = np.asarray(nfe), np.asarray(probabilities, float)
    known = np.isfinite(probabilities).all(axis=-1)
    nfe, probabilities = nfe[known], probabilities[known]
    figure = styled_figure("evaluations of f", "probability", height=height)
    figure.update_yaxes(percent_ticks(0, 0.25, 0.5, 0.75, 1), range=[-0.03, 1.12])
    if not probabilities.size:
        return figure
    matters = np.any(probabilities[1:] > NAMED, axis=0)  # at the start all are about equally probable
    answer = int(probabilities[-1].argmax())
    matters[answer] = True
    colors = [ACCENT if k == answer else NEUTRAL for k in range(len(matters))]
    for k, color in enumerate(colors):
        figure.add_scatter(
            x=nfe,
            y=probabilities[:, k],
            mode="lines" if len(nfe) > 1 else "markers",
            line={"color": color, "width": 3 if matters[k] else 1},
            name=str(k),
            opacity=1 if matters[k] else 0.4,
            hovertemplate=f"{k}: %{{y:.3f}}<br>evaluations: %{{x}}<extra></extra>",
        )
    ends = [
        (f"<b>{k}</b>", float(nfe[-1]), float(probabilities[-1, k]), NEUTRAL) for k in np.flatnonzero(matters)
    ]
    label_ends(figure, ends)
    return figure


def percent(p: float) -> str:
    """A probability as text: 97.2 %, > 99.9 %, empty below 0.1 %."""
    if p < 0.001:
        return ""
    return "> 99.9 %" if p >= 0.9995 else f"{100 * p:.1f} %"
