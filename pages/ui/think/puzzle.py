"""The puzzle on the page: its kind, size and seed, and what the visitor has changed in it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from deq.data import PUZZLES
from deq.data.edits import can_change, edited, solution

MOST = 200  # changes, because they have to fit in a link
WRITTEN = re.compile(r"(0|[1-9][0-9]{0,4})(\.(0|[1-9][0-9]{0,4}))*")


@dataclass(frozen=True)
class Kind:
    """A kind of puzzle. name: in deq.data.PUZZLES. model: shipped. sizes: from the trained one up.

    noun, plural: of one puzzle. unit: what a size counts.
    """

    name: str
    model: str
    sizes: tuple[int, ...]
    noun: str
    plural: str
    unit: str

    @property
    def trained(self) -> int:
        return PUZZLES[self.name][1]


KINDS = {
    "Maze": Kind("mazes", "maze", (9, 13, 17, 25, 33, 49, 72), "maze", "mazes", "rooms along a side"),
    "Bits": Kind(
        "prefix_sums", "prefix", (32, 48, 64, 96, 128, 192, 256, 512), "row of bits", "rows of bits", "bits"
    ),
}


@dataclass(frozen=True)
class Puzzle:
    """One puzzle as plain, hashable data. kind: a key of KINDS. changes: see deq.data.edits.

    network: the run that trained the network, "" for the shipped one.
    """

    kind: str
    size: int
    seed: int
    changes: tuple[int, ...] = ()
    network: str = ""

    @cached_property
    def drawn(self) -> np.ndarray:
        """Without changes: (h, w, 6) or (length, 1). A maze is bushy if the seed is even, winding if it is odd."""
        return PUZZLES[KINDS[self.kind].name][0](2, self.size, self.seed)[0][self.seed % 2]

    @cached_property
    def x(self) -> np.ndarray:
        """The puzzle with its changes."""
        return edited(self.drawn, self.changes)

    @cached_property
    def truth(self) -> np.ndarray:
        """The right answer, as 0 and 1: (h, w) or (length,)."""
        return solution(self.x)

    @property
    def original(self) -> "Puzzle":
        return replace(self, changes=())

    @property
    def label(self) -> str:
        """Its kind, size and seed, without its changes."""
        return f"{self.kind}-{self.size}-{self.seed}"

    def changed(self, changes: Iterable[object]) -> "Puzzle":
        """The puzzle with these changes instead; without changes if any of them is invalid for this puzzle."""
        listed = list(changes)
        found = tuple(k for k in listed if type(k) is int and can_change(self.drawn, k))
        if len(found) < len(listed) or len(found) > MOST or len(set(found)) < len(found):
            return self.original
        return replace(self, changes=found)


def written(changes: tuple[int, ...]) -> str:
    """Changes as text for a link: 12.57.103."""
    return ".".join(map(str, changes))


def read(text: str) -> list[int]:
    """The changes in a link; none if it is malformed."""
    if len(text) > 6 * MOST or not WRITTEN.fullmatch(text):
        return []
    return [int(part) for part in text.split(".")]
