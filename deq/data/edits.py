"""Edited puzzles: a bit flipped, a door opened or closed, and what that does to the answer."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from deq.data.puzzles import DOWN, GOAL, LEFT, RIGHT, START, UP, way

SIDES = (
    (RIGHT, LEFT, 1, 0),
    (DOWN, UP, 0, 1),
)  # a door, the same door seen from the next room, columns and rows to that room


def can_change(x: np.ndarray, change: int) -> bool:
    """Whether `edited` accepts this change of bits (length, 1) or of a maze (h, w, 6)."""
    if x.ndim == 2:
        return 0 <= change < len(x)
    rows, columns, _ = x.shape
    room, side = divmod(change, 2)
    _, _, across, down = SIDES[side]
    return 0 <= room < rows * columns and room % columns + across < columns and room // columns + down < rows


def edited(x: np.ndarray, changes: Iterable[int]) -> np.ndarray:
    """A copy of a puzzle with these changes: each bit flipped, each wall or door toggled.

    x: bits (length, 1), where a change is the place of a bit; or a maze (h, w, 6), where 2 k is the wall to the right
    of room k, row by row, and 2 k + 1 the wall below it. Raises ValueError for a wall at the border, or no such place.
    """
    x = x.copy()
    for change in changes:
        if not can_change(x, change):
            raise ValueError(f"A puzzle of shape {x.shape} has nothing to change at {change}.")
        if x.ndim == 2:
            x[change, 0] ^= 1
            continue
        room, side = divmod(change, 2)
        row, column = divmod(room, x.shape[1])
        there, back, across, down = SIDES[side]
        x[row, column, there] ^= 1
        x[row + down, column + across, back] ^= 1
    return x


def solution(x: np.ndarray) -> np.ndarray:
    """The right answer to one puzzle, as 0 and 1: parities (length,), or what `way` leaves of a maze (h, w)."""
    return np.cumsum(x[:, 0], dtype=np.int32) % 2 if x.ndim == 2 else way(x[None])[0]


def along_the_way(x: np.ndarray, is_open: bool) -> list[int]:
    """The doors, or the walls, between two rooms on the path of a maze (h, w, 6), as changes of `edited`.

    Closing any of these doors cuts the path; opening any of these walls makes a second one. The best shortcuts come
    first.
    """
    on, doors, behind = solution(x).ravel(), x.reshape(-1, x.shape[2]), (1, x.shape[1])
    start = int(x[..., START].argmax())
    from_start = dijkstra(_graph(x), directed=False, indices=start, unweighted=True)
    saved: dict[int, float] = {}
    for change in range(2 * on.size):
        room, side = divmod(change, 2)
        if can_change(x, change) and bool(doors[room, SIDES[side][0]]) == is_open:
            other = room + behind[side]
            if on[room] and on[other]:
                saved[change] = abs(from_start[room] - from_start[other])
    return sorted(saved, key=lambda change: -saved[change])


def rings(x: np.ndarray) -> int:
    """How many doors of a maze (h, w, 6) could be closed without cutting off a room: 0 for a tree."""
    return int(x[..., [RIGHT, DOWN]].sum()) - x[..., 0].size + _parts(x)[0]


def is_connected(x: np.ndarray) -> bool:
    """Whether a path leads from the start to the goal of a maze (h, w, 6)."""
    _, part = _parts(x)
    return bool(part[x[..., START].argmax()] == part[x[..., GOAL].argmax()])


def is_walled_in(x: np.ndarray) -> bool:
    """Whether the start or the goal of a maze (h, w, 6) has no door."""
    ends = x[..., [START, GOAL]].any(axis=-1)
    return bool((ends & ~x[..., [UP, RIGHT, DOWN, LEFT]].any(axis=-1)).any())


def _parts(x: np.ndarray) -> tuple[int, np.ndarray]:
    """The number of parts that are not connected by doors, and the part of each room: (h w,)."""
    parts, part = connected_components(_graph(x), directed=False)
    return int(parts), part


def _graph(x: np.ndarray) -> coo_array:
    """Which rooms a door joins: (h w, h w), each door once."""
    rooms = np.arange(x[..., 0].size).reshape(x.shape[:2])
    right, below = x[:, :-1, RIGHT] > 0, x[:-1, :, DOWN] > 0
    one = np.concatenate([rooms[:, :-1][right], rooms[:-1][below]])
    other = np.concatenate([rooms[:, 1:][right], rooms[1:][below]])
    return coo_array((np.ones(len(one)), (one, other)), (rooms.size, rooms.size))
