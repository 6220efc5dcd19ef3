"""Regions of the plane by the most probable of several classes, each with its colour, marker and name."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from deq.plots.figure import Figure
from deq.plots.style import NEUTRAL, styled_figure

HEIGHT = 340  # pixels
# Not the solvers' colours; each is readable on white and on the dark theme, and distinct for deuteranopes.
CLASS_LOOKS = (
    ("#0087A5", "circle"),
    ("#FF4B00", "square"),
    ("#783CFF", "triangle-up"),
    ("#1E781E", "diamond"),
    ("#FF3C96", "x"),
    ("#6987F0", "cross"),
)
SHADE = 0.45  # opacity where the model is certain
LEAST_NAMED = 0.02  # of the plane: a smaller region has no name in it


def class_regions(
    points: ArrayLike, labels: ArrayLike, grid: ArrayLike, probabilities: ArrayLike, names: Sequence[str]
) -> Figure:
    """Shaded by the most probable class over a square grid (m * m, 2), paler in doubt, with the points (n, 2).

    labels: (n,). probabilities: (m * m, classes). names: of the classes, letters A to F, which choose their look.
    """
    figure = styled_figure("x₁", "x₂", height=HEIGHT)
    figure.update_yaxes(scaleanchor="x", constrain="domain").update_xaxes(constrain="domain")
    grid, probabilities = np.asarray(grid, np.float32), np.asarray(probabilities, np.float32)
    side = grid[: round(len(grid) ** 0.5), 0]
    table = probabilities.reshape(len(side), len(side), -1)
    best = table.argmax(axis=-1)
    for k, name in enumerate(names):
        _add_region(figure, side, np.where(best == k, table[..., k], np.float32(np.nan)), name)
        if k:  # the first borders on the others
            _add_border(figure, side, table[..., k] - np.delete(table, k, axis=-1).max(axis=-1))
    points, labels = np.asarray(points, float).reshape(-1, 2), np.asarray(labels)
    for k, name in enumerate(names):
        _add_points(figure, points[labels == k], name)
        _write_name(figure, side, best == k, points, name)
    return figure


def class_look(name: str) -> tuple[str, str]:
    """Colour and plotly marker of the class with this letter."""
    return CLASS_LOOKS[(ord(name[0]) - ord("A")) % len(CLASS_LOOKS)]


def _add_region(figure: Figure, side: np.ndarray, probability: np.ndarray, name: str) -> None:
    color, _ = class_look(name)
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    scale = [[share, f"rgba({red}, {green}, {blue}, {SHADE * share})"] for share in (0.0, 1.0)]
    hover = f"class {name}: %{{z:.0%}}<extra></extra>"
    figure.add_heatmap(
        x=side, y=side, z=probability, zmin=0, zmax=1, colorscale=scale, showscale=False, hovertemplate=hover
    )


def _add_border(figure: Figure, side: np.ndarray, lead: np.ndarray) -> None:
    """The border where a class stops being the most probable. lead: (m, m), its probability minus the next one's."""
    border = {"start": 0, "end": 0, "size": 1, "coloring": "none"}
    line = {"color": NEUTRAL, "width": 1.5}
    figure.add_contour(x=side, y=side, z=lead, contours=border, line=line, showscale=False, hoverinfo="skip")


def _add_points(figure: Figure, places: np.ndarray, name: str) -> None:
    color, symbol = class_look(name)
    marker = {"color": color, "symbol": symbol, "size": 7, "line": {"width": 1, "color": "white"}}
    hover = f"{name}<br>x₁ = %{{x:.2f}}<br>x₂ = %{{y:.2f}}<extra></extra>"
    figure.add_scatter(
        x=places[:, 0], y=places[:, 1], mode="markers", marker=marker, name=name, hovertemplate=hover
    )


def _write_name(figure: Figure, side: np.ndarray, region: np.ndarray, points: np.ndarray, name: str) -> None:
    """The name of a class where its region is widest and has no points (n, 2)."""
    if region.mean() < LEAST_NAMED:
        return
    room = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1] * (side[1] - side[0])
    places = np.stack(np.meshgrid(side, side), axis=-1)
    for point in points:
        room = np.minimum(room, np.linalg.norm(places - point, axis=-1))
    row, column = np.unravel_index(room.argmax(), room.shape)
    font = {"size": 18, "weight": 700}  # in the theme's colour
    figure.add_annotation(x=side[column], y=side[row], text=name, showarrow=False, font=font)
