"""A drawing as strokes of whole pixels: on the canvas, in the text of a link, and as a picture."""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

Point = tuple[int, int]  # x to the right, y down, in pixels of the board
Stroke = tuple[Point, ...]
Drawing = tuple[Stroke, ...]

BOARD, PEN = 300, 18  # the side of the board and the width of the pen, in pixels
REACH = 2 * BOARD  # coordinates lie in -REACH..REACH: a pen may leave the board
SPACING = 4  # pixels between the points that are kept; the curve through them stays within about a pixel
LONGEST = 2000  # characters of a link's drawing, some 700 points
DOT = 0.02  # pixels: the canvas draws no line of length 0
FINE = 3  # the picture is painted at this scale, for soft edges
BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


class DrawingError(ValueError):
    """A text or canvas that holds no drawing."""


def write_drawing(drawing: Drawing) -> str:
    """The drawing as text for a link: the number of strokes, then the length and steps of each, in base64url.

    Every number is a varint, 7 bits a byte, the lowest first; steps, which begin at (0, 0) and run through all
    strokes, have their sign in the lowest bit. A step of less than 64 pixels takes two bytes.
    """
    numbers, before = [len(drawing)], (0, 0)
    for stroke in drawing:
        numbers.append(len(stroke))
        for point in stroke:
            steps = (now - last for now, last in zip(point, before, strict=True))
            numbers += [2 * step if step >= 0 else -2 * step - 1 for step in steps]
            before = point
    data = b"".join(map(_varint, numbers))
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read_drawing(text: str) -> Drawing:
    """The drawing that `write_drawing` wrote. Raises DrawingError if the text is cut off, changed or too long."""
    if len(text) > LONGEST or not BASE64URL.fullmatch(text):
        raise DrawingError("This is not a drawing.")
    try:
        numbers = _numbers(base64.b64decode(text + "=" * (-len(text) % 4), b"-_"))
        drawing = _strokes(iter(numbers))
    except (binascii.Error, StopIteration) as error:
        raise DrawingError("The drawing is cut off.") from error
    places = [abs(place) for stroke in drawing for point in stroke for place in point]
    if not all(drawing) or max(places, default=REACH + 1) > REACH or write_drawing(drawing) != text:
        raise DrawingError("The drawing is damaged.")
    return drawing


def _varint(number: int) -> bytes:
    low, rest = number % 128, number // 128
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])


def _numbers(data: bytes) -> list[int]:
    """The varints in these bytes, whole ones only."""
    found, number, shift = [], 0, 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            found.append(number)
            number, shift = 0, 0
    return found


def _strokes(numbers: Iterator[int]) -> Drawing:
    """The strokes that begin these numbers. Raises StopIteration where they are cut off."""
    strokes, x, y = [], 0, 0
    for _ in range(next(numbers)):
        points = []
        for _ in range(next(numbers)):
            x, y = x + _signed(next(numbers)), y + _signed(next(numbers))
            points.append((x, y))
        strokes.append(tuple(points))
    return tuple(strokes)


def _signed(number: int) -> int:
    return -(number + 1) // 2 if number % 2 else number // 2


def to_canvas(drawing: Drawing) -> dict[str, Any]:
    """The JSON of fabric.js with these strokes as paths."""
    pen = {"stroke": "#000000", "strokeWidth": PEN, "strokeLineCap": "round", "strokeLineJoin": "round"}
    return {"objects": [{"type": "Path", "path": _path(s), "fill": None} | pen for s in drawing]}


def _path(stroke: Stroke) -> list[list[Any]]:
    """The smooth path that fabric's pencil makes of points: quadratic curves from middle to middle."""
    (x, y), (u, v) = stroke[0], stroke[-1]
    if len(stroke) == 1:
        return [["M", x - DOT, y], ["L", x + DOT, y]]
    curves = [["Q", a, b, (a + c) / 2, (b + d) / 2] for (a, b), (c, d) in pairwise(stroke)]
    return [["M", x, y], *curves, ["L", u, v]]


def from_canvas(canvas: Any) -> Drawing:
    """The strokes in the JSON of fabric.js, moved, turned or enlarged ones included. Raises DrawingError.

    Points are rounded and thinned, so that a drawing read from `to_canvas` is the same drawing.
    """
    try:
        return tuple(_stroke_of(thing) for thing in canvas["objects"] if thing["type"] == "Path")
    except (TypeError, KeyError, ValueError, IndexError, OverflowError, AttributeError) as error:
        raise DrawingError("The canvas holds no drawing.") from error


def _stroke_of(thing: dict[str, Any]) -> Stroke:
    """The points of a path of fabric's pencil, where it lies on the canvas."""
    path = thing["path"]
    # A curve's control point is a point of the pen.
    points = np.array([command[1:3] for command in path], float)
    if "left" in thing:  # the path's middle, where the canvas has placed it
        low, high = _bounds(path)
        points = (points - (low + high) / 2) @ _transform(thing).T + [thing["left"], thing["top"]]
    if not np.isfinite(points).all():
        raise ValueError("not finite")
    places = np.clip(np.rint(points), -REACH, REACH).astype(int).tolist()
    return _thinned([(x, y) for x, y in places])


def _bounds(path: list[list[Any]]) -> tuple[np.ndarray, np.ndarray]:
    """The least and largest x and y as fabric finds them: for it a curve is a cubic with its control point repeated."""
    t = np.linspace(0, 1, 101)[:, None]
    first, last = np.array(path[0][1:3], float), np.array(path[-1][1:3], float)
    found, start = [first[None], last[None]], first
    for command in path[1:-1]:
        control, end = np.array(command[1:3], float), np.array(command[3:5], float)
        found.append((1 - t) ** 3 * start + 3 * t * (1 - t) * control + t**3 * end)
        start = end
    every = np.concatenate(found)
    return every.min(0), every.max(0)


def _transform(thing: dict[str, Any]) -> np.ndarray:
    """The turn, scale and skew of an object of fabric.js, (2, 2)."""
    turn = np.radians(thing.get("angle", 0))
    skew_x, skew_y = (np.tan(np.radians(thing.get(f"skew{axis}", 0))) for axis in "XY")
    scale = [thing.get(f"scale{axis}", 1) * (-1 if thing.get(f"flip{axis}") else 1) for axis in "XY"]
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return rotation @ np.diag(scale) @ [[1, skew_x], [0, 1]] @ [[1, 0], [skew_y, 1]]


def _thinned(points: Sequence[Point]) -> Stroke:
    """Points at least SPACING apart, but for the last, which stays; thinning again changes nothing."""
    kept = [points[0]]
    for point in points[1:]:
        if np.hypot(point[0] - kept[-1][0], point[1] - kept[-1][1]) >= SPACING:
            kept.append(point)
    return tuple(kept if points[-1] == kept[-1] else [*kept, points[-1]])


def paint_drawing(drawing: Drawing) -> Image.Image:
    """The strokes as black ink on white paper, BOARD pixels square, as the canvas shows them."""
    picture = Image.new("L", (FINE * BOARD, FINE * BOARD), 255)
    brush = ImageDraw.Draw(picture)
    for stroke in drawing:
        for x, y in _curve(stroke):  # discs so close that their edges are smooth
            brush.circle((FINE * x - 0.5, FINE * y - 0.5), (FINE * PEN - 1) / 2, 0)
    return picture.resize((BOARD, BOARD), Image.Resampling.BOX)


def _curve(stroke: Stroke) -> list[tuple[float, float]]:
    """Points about a pixel apart along the path that the canvas draws."""
    path = _path(stroke)
    start, found = np.array(path[0][1:3], float), [np.array([path[0][1:3]], float)]
    for command in path[1:]:
        control, end = np.array(command[1:3], float), np.array(command[-2:], float)
        length = np.abs(control - start).sum() + np.abs(end - control).sum()
        t = np.linspace(0, 1, 2 + int(length))[1:, None]
        found.append((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)
        start = end
    return [(x, y) for x, y in np.concatenate(found).tolist()]
