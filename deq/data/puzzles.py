"""Puzzles of any size, generated from a seed. The steps to an answer grow with the size."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

UP, RIGHT, DOWN, LEFT, START, GOAL = range(6)  # channels of a room in a maze: four doors, and the two ends
# Rows and columns to the room behind each door.
STEPS = {UP: (-1, 0), RIGHT: (0, 1), DOWN: (1, 0), LEFT: (0, -1)}


def bits(count: int, length: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random bits (count, length, 1) in uint8, and the parity of those up to each place: (count, length) in 0, 1."""
    rng = np.random.default_rng([seed, length])
    x = rng.integers(0, 2, (count, length), np.uint8)
    return x[..., None], np.cumsum(x, axis=1, dtype=np.int32) % 2


def mazes(count: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Mazes of size x size rooms with exactly one path from start to goal.

    Returns the rooms (count, size, size, 6) in uint8, with the channels UP to GOAL, and (count, size, size): 1 on the
    path, else 0. Start and goal are any two rooms. Mazes with an even index are bushy, minimum spanning trees of random
    weights (Kruskal); the others are winding, dug depth first.
    """
    rng = np.random.default_rng([seed, size])
    x = np.zeros((count, size, size, 6), np.uint8)
    x[::2] = _bushy(rng.random((2, (count + 1) // 2, size, size)))
    x[1::2] = _winding(rng, count // 2, size)
    ends = np.stack([rng.permutation(size * size)[:2] for _ in range(count)], axis=1)
    for channel, rooms in zip((START, GOAL), ends, strict=True):
        x[np.arange(count), rooms // size, rooms % size, channel] = 1
    return x, way(x)


def mazes_and_blocked(count: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The same mazes, but a quarter of each kind with a wall across the path, so that no path is left."""
    x, y = mazes(count, size, seed)
    some = np.arange(count) % 8 < 2
    x[some] = blocked(x[some], y[some], seed)
    return x, way(x)


def blocked(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Mazes (count, h, w, 6) with one door closed at random on the path y (count, h, w) of each."""
    on = np.stack([x[..., door] * y * _behind(y, door) for door in (RIGHT, DOWN)], axis=1)
    drawn = (on * np.random.default_rng(seed).random(on.shape)).reshape(len(x), -1).argmax(axis=1)
    side, row, column = np.unravel_index(drawn, on.shape[1:])
    door, each = np.array([RIGHT, DOWN])[side], np.arange(len(x))
    down, right = np.array([STEPS[RIGHT], STEPS[DOWN]])[side].T
    x = x.copy()
    x[each, row, column, door] = x[each, row + down, column + right, (door + 2) % 4] = 0
    return x


def way(x: np.ndarray) -> np.ndarray:
    """The answer to mazes (count, h, w, 6): what is left when dead ends are filled repeatedly, as 0 and 1.

    If doors form a ring, the rooms of the ring are left as well.
    """
    ends = x[..., [START, GOAL]].any(axis=-1)
    left = np.ones(ends.shape, bool)
    while True:
        exits = sum(x[..., door] * _behind(left, door) for door in STEPS)
        dead = left & ~ends & (exits < 2)
        if not dead.any():
            return left.astype(np.int32)
        left &= ~dead


def _behind(rooms: np.ndarray, door: int) -> np.ndarray:
    """The value of the room behind each room's door: (count, h, w)."""
    down, right = STEPS[door]
    padded = np.pad(rooms, ((0, 0), (1, 1), (1, 1)))
    return padded[:, 1 + down :, 1 + right :][:, : rooms.shape[1], : rooms.shape[2]]


def _bushy(weights: np.ndarray) -> np.ndarray:
    """Mazes without start and goal: minimum spanning trees for wall weights down and right (2, count, size, size)."""
    _, count, size, _ = weights.shape
    rooms = np.arange(count * size * size).reshape(count, size, size)
    down = rooms[:, :-1].ravel(), rooms[:, 1:].ravel(), 1 + weights[0, :, :-1].ravel()
    right = rooms[:, :, :-1].ravel(), rooms[:, :, 1:].ravel(), 1 + weights[1, :, :, :-1].ravel()
    one, other, weight = (np.concatenate(pair) for pair in zip(down, right, strict=True))
    tree = minimum_spanning_tree(coo_array((weight, (one, other)), (rooms.size, rooms.size))).tocoo()
    low, high = np.minimum(tree.row, tree.col), np.maximum(tree.row, tree.col)
    x = np.zeros((rooms.size, 6), np.uint8)
    for rows, there, back in ((high - low == 1, RIGHT, LEFT), (high - low != 1, DOWN, UP)):
        x[low[rows], there] = x[high[rows], back] = 1
    return x.reshape(count, size, size, 6)


def _winding(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Mazes without start and goal, all dug at once: step to a random unvisited room, or back along the path."""
    x = np.zeros((count, size + 2, size + 2, 6), np.uint8)  # with a frame that counts as dug
    dug = np.ones(x.shape[:3], bool)
    dug[:, 1:-1, 1:-1] = False
    trail = np.zeros((count, size * size, 2), int)
    trail[:, 0] = rng.integers(1, size + 1, (count, 2))
    depth, each = np.zeros(count, int), np.arange(count)
    dug[each, *trail[:, 0].T] = True
    steps = np.array(list(STEPS.values()))
    for _ in range(2 * (size * size - 1)):
        here = trail[each, depth]
        ahead = here[:, None] + steps
        fresh = ~dug[each[:, None], ahead[..., 0], ahead[..., 1]]
        door = np.argmax(fresh * rng.random(fresh.shape), axis=1)
        on = fresh.any(axis=1)
        depth = np.where(on, depth + 1, np.maximum(depth - 1, 0))
        who, there, door = each[on], ahead[on, door[on]], door[on]
        trail[who, depth[on]] = there
        dug[who, *there.T] = True
        x[who, *here[on].T, door] = x[who, *there.T, (door + 2) % 4] = 1
    return x[:, 1:-1, 1:-1]
