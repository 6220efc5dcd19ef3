"""Changed puzzles: a door has two sides, a change undoes itself, rings are counted."""

import numpy as np
import pytest

from deq.data.edits import along_the_way, can_change, edited, is_connected, is_walled_in, rings, solution
from deq.data.puzzles import DOWN, LEFT, RIGHT, START, UP, bits, mazes


def test_a_flipped_bit_turns_every_later_parity() -> None:
    x, y = bits(1, 32, 0)
    assert np.array_equal(solution(x[0]), y[0])
    after = solution(edited(x[0], [5]))
    assert np.array_equal(after[:5], y[0, :5])
    assert np.array_equal(after[5:], 1 - y[0, 5:])


def test_a_door_has_two_sides_and_a_change_undoes_itself() -> None:
    x = mazes(1, 5, 0)[0][0]
    for change, (there, back, step) in ((2 * 7, (RIGHT, LEFT, 1)), (2 * 7 + 1, (DOWN, UP, 5))):
        after = edited(x, [change]).reshape(25, 6)
        before = x.reshape(25, 6)
        assert after[7, there] == after[7 + step, back] == 1 - before[7, there]
        assert (after != before).sum() == 2
        assert np.array_equal(edited(x, [change, change]), x)


def test_only_walls_between_rooms_change() -> None:
    x = mazes(1, 5, 0)[0][0]
    possible = [change for change in range(-2, 60) if can_change(x, change)]
    assert len(possible) == 2 * 4 * 5
    with pytest.raises(ValueError, match="nothing to change at 8"):
        edited(x, [2 * 4])
    assert not can_change(bits(1, 8, 0)[0][0], 8)


def test_a_drawn_maze_is_a_tree_and_one_more_door_makes_a_ring() -> None:
    x, y = mazes(1, 6, 3)
    x, y = x[0], y[0]
    assert (rings(x), is_connected(x)) == (0, True)
    assert np.array_equal(solution(x), y)
    walls = [k for k in range(72) if can_change(x, k) and not x.reshape(36, 6)[k // 2, (RIGHT, DOWN)[k % 2]]]
    assert rings(edited(x, walls[:2])) == 2
    doors = [k for k in range(72) if can_change(x, k) and k not in walls]
    cut = [edited(x, [door]) for door in doors]
    assert {rings(maze) for maze in cut} == {0}
    on_the_way = int(y.sum()) - 1  # doors between start and goal
    assert sum(not is_connected(maze) for maze in cut) == on_the_way
    assert len(along_the_way(x, True)) == on_the_way
    assert not any(is_connected(edited(x, [door])) for door in along_the_way(x, True))
    second = edited(x, along_the_way(x, False)[:1])
    assert rings(second) == 1
    assert is_connected(second)


def test_an_end_without_doors_is_walled_in() -> None:
    x = mazes(1, 6, 3)[0][0]
    start = int(x[..., START].argmax())
    doors = [door for door in along_the_way(x, True) if not is_walled_in(edited(x, [door]))]
    assert doors  # a cut path is not enough
    row, column = divmod(start, 6)
    x[row, column, :4] = 0
    assert is_walled_in(x)
