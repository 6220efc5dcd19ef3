"""Puzzles: their answers, checked by another algorithm; trees with one path; what a size and a seed decide."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from deq.data import PUZZLES, puzzle
from deq.data.puzzles import DOWN, GOAL, LEFT, RIGHT, START, STEPS, UP, bits, mazes, mazes_and_blocked, way


def test_the_parity_of_bits() -> None:
    x, y = bits(50, 20, seed=3)
    assert x.shape == (50, 20, 1)
    assert set(np.unique(x)) == {0, 1}
    for row, answer in zip(x[..., 0], y, strict=True):
        assert [sum(row[: place + 1]) % 2 for place in range(20)] == answer.tolist()


def graph(maze: np.ndarray) -> coo_array:
    """The rooms of a maze and its doors."""
    size = len(maze)
    doors = [
        (row * size + column, (row + down) * size + column + right)
        for door, (down, right) in STEPS.items()
        for row, column in np.argwhere(maze[..., door])
    ]
    one, other = np.array(doors).T
    return coo_array((np.ones(len(doors)), (one, other)), (size**2, size**2))


@pytest.mark.parametrize("size", [2, 9, 13])
def test_a_maze_is_a_tree_and_the_way_is_its_shortest(size: int) -> None:
    x, y = mazes(20, size, seed=1)
    for maze, answer in zip(x, y, strict=True):
        doors = graph(maze).tocsr()
        assert connected_components(doors)[0] == 1
        assert doors.nnz == 2 * (size**2 - 1)  # each from both of its rooms
        assert (doors != doors.T).nnz == 0
        start, goal = (int(np.flatnonzero(maze[..., end])[0]) for end in (START, GOAL))
        distance = dijkstra(doors, indices=[start, goal], unweighted=True)
        on_the_way = distance.sum(axis=0) == distance[0, goal]
        np.testing.assert_array_equal(answer.ravel(), on_the_way)


def test_a_quarter_of_the_training_mazes_have_one_door_less_and_no_path() -> None:
    (x, y), (drawn, path) = mazes_and_blocked(32, 7, seed=1), mazes(32, 7, seed=1)
    cut = (x != drawn).any(axis=(1, 2, 3))
    assert cut.sum() == 8
    assert cut[::2].sum() == cut[1::2].sum()  # bushy ones, winding ones
    np.testing.assert_array_equal(y[~cut], path[~cut])
    np.testing.assert_array_equal(y[cut], x[cut][..., [START, GOAL]].any(axis=-1))
    for maze, before in zip(x[cut], drawn[cut], strict=True):
        doors = graph(maze)
        assert doors.nnz == graph(before).nnz - 2
        assert (doors.tocsr() != doors.T.tocsr()).nnz == 0


def test_a_ring_of_doors_is_left() -> None:
    x, _ = mazes(1, 3, seed=0)
    x[..., :4] = 0
    for row, column, door, back in (
        (0, 0, RIGHT, LEFT),
        (0, 0, DOWN, UP),
        (0, 1, DOWN, UP),
        (1, 0, RIGHT, LEFT),
    ):
        down, right = STEPS[door]
        x[0, row, column, door] = x[0, row + down, column + right, back] = 1
    assert way(x)[0, :2, :2].all()


def test_a_seed_and_a_size_decide() -> None:
    for draw in (bits, mazes):
        one, again, other = (draw(5, 6, seed)[0] for seed in (0, 0, 1))
        np.testing.assert_array_equal(one, again)
        assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", PUZZLES)
def test_a_task_of_another_size_has_a_test_set_alone(name: str) -> None:
    task = puzzle(name, 5)
    assert [len(part.y) for part in (task.train, task.validation, task.test)] == [1, 1, 1_000]
    assert task.has_labels
    assert not task.has_one_label
    assert task.test.y.shape[1:] == task.test.x.shape[1:-1] == (5,) * (task.test.x.ndim - 2)
