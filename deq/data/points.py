"""Points in the plane in up to six classes, as a short text that fits a link."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from deq.data.form import Form, Found
from deq.data.own import divide
from deq.data.tasks import Examples, Task, classify

LETTERS = "ABCDEF"  # names of the classes
HALF = 2.5  # points lie in [-2.5, 2.5]^2
STEP = 0.01  # places are rounded to whole steps
SIDE = round(2 * HALF / STEP) + 1  # places along an axis
MOST, LEAST, LEAST_EACH = 400, 10, 3  # points in all, and of each class, to train on
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"  # base64url: no escapes in a link
WIDTH = 3  # digits of a place: 64^3 exceeds SIDE^2


@dataclass(frozen=True)
class Points:
    """Labelled points. code: three base-64 digits a place, class after class, with a dot between two classes.

    Raises ValueError for any other code, and for more than MOST points.
    """

    code: str

    def __post_init__(self) -> None:
        groups = self.code.split(".")
        digits = self.code.replace(".", "")
        if (
            len(groups) > len(LETTERS)
            or any(len(group) % WIDTH for group in groups)
            or set(digits) - set(DIGITS)
        ):
            raise ValueError("This is not a list of points.")
        if len(digits) > MOST * WIDTH:
            raise ValueError(f"More than {MOST} points: draw or paste fewer.")
        if len(digits) and self._places.max() >= SIDE**2:
            raise ValueError("A point lies outside the plane.")

    @cached_property
    def _places(self) -> np.ndarray:
        """(n,) whole numbers: the column times SIDE plus the row."""
        digits = [DIGITS.index(digit) for digit in self.code.replace(".", "")]
        return np.array(digits, int).reshape(-1, WIDTH) @ (64 ** np.arange(WIDTH)[::-1])

    @cached_property
    def x(self) -> np.ndarray:
        """(n, 2) float64."""
        return np.round(np.stack(np.divmod(self._places, SIDE), axis=1) * STEP - HALF, 2)

    @cached_property
    def y(self) -> np.ndarray:
        """(n,) places of their classes in LETTERS."""
        return np.repeat(np.arange(len(groups := self.code.split("."))), [len(g) // WIDTH for g in groups])

    @property
    def classes(self) -> tuple[str, ...]:
        """Letters of the classes that have points."""
        return tuple(LETTERS[label] for label in np.unique(self.y))

    @property
    def labels(self) -> np.ndarray:
        """(n,) int32 places in `classes`, without gaps."""
        return np.unique(self.y, return_inverse=True)[1].astype(np.int32)

    @property
    def form(self) -> Form:
        return Form(self.classes)

    @property
    def task(self) -> Task:
        """A fifth of the points to test, a tenth to validate, each class in proportion. Raises ValueError."""
        if missing := self.missing:
            raise ValueError(missing)
        examples = Examples(self.x.astype(np.float32), self.labels)
        return classify(divide(Path("own points"), Found(examples, None, self.form))[0])

    @property
    def missing(self) -> str:
        """What to add before training can start; empty if nothing."""
        if len(self.classes) < 2:
            return "Add points of at least two classes."
        counts = np.bincount(self.labels)
        if counts.min() < LEAST_EACH:
            few = self.classes[counts.argmin()]
            return f"Add points of class {few}: it has {counts.min()}, and {LEAST_EACH} are needed."
        if len(self.y) < LEAST:
            return f"Add points: {LEAST} are needed, and there are {len(self.y)}."
        return ""


def make_points(x: np.ndarray, y: np.ndarray) -> Points:
    """Points at x (n, 2) of classes y (n,), 0 for A; rounded and moved into the plane. Raises ValueError."""
    x, y = np.asarray(x, float).reshape(-1, 2), np.asarray(y, int)
    if not np.isfinite(x).all() or (y.size and not 0 <= y.min() <= y.max() < len(LETTERS)):
        raise ValueError(f"Points need finite coordinates and one of {len(LETTERS)} classes.")
    steps = np.round((np.clip(x, -HALF, HALF) + HALF) / STEP).astype(int)
    places = steps @ [SIDE, 1]
    groups = ["".join(map(_digits, places[y == label])) for label in range(int(y.max(initial=1)) + 1)]
    return Points(".".join(groups))


def _digits(place: int) -> str:
    return "".join(DIGITS[place // 64**k % 64] for k in reversed(range(WIDTH)))
