"""Messages that never go straight back: a maze without rings has one equilibrium, whatever the weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from deq.cells import MessageCell
from deq.cells.messages import STEPS, silence
from deq.data import puzzles
from deq.data.edits import along_the_way, edited

SIZE, CHANNELS = 7, 3


def cell_of(scale: float) -> MessageCell:
    """With random weights of this size, biases too."""
    cell = MessageCell(2, CHANNELS, rngs=nnx.Rngs(0))
    drawn = np.random.default_rng(1)
    nnx.update(cell, jax.tree.map(lambda w: scale * drawn.normal(size=w.shape), nnx.state(cell, nnx.Param)))
    return cell


def iterated(cell: MessageCell, maze: np.ndarray, calls: int, seed: int) -> np.ndarray:
    """The state after some calls from noise: (rooms, doors, channels)."""
    x = jnp.asarray(maze[None], float)
    z = jax.random.normal(jax.random.key(seed), silence(cell, x).shape, x.dtype)
    z = jax.jit(lambda z: jax.lax.fori_loop(0, calls, lambda _, z: cell(z, x), z))(z)
    return np.asarray(z).reshape(SIZE**2, 4, CHANNELS)


def longest_path(maze: np.ndarray) -> int:
    """Rooms on the longest path of a maze."""
    rooms, doors = np.nonzero(maze[..., :4].reshape(SIZE**2, 4))
    behind = rooms + np.array([down * SIZE + right for down, right in STEPS])[doors]
    return int(dijkstra(coo_array((np.ones(len(rooms)), (rooms, behind))), unweighted=True).max()) + 1


def test_the_doors_are_numbered_as_in_the_puzzles() -> None:
    assert tuple(puzzles.STEPS) == (0, 1, 2, 3)
    assert tuple(puzzles.STEPS.values()) == STEPS


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("scale", [0.3, 3.0, 30.0])
def test_a_maze_without_rings_has_one_equilibrium_for_any_weights(scale: float) -> None:
    cell = cell_of(scale)
    for maze in puzzles.mazes(2, SIZE, seed=3)[0]:
        calls = -(-longest_path(maze) // 2)
        states = [
            iterated(cell, maze, count, seed) for count, seed in ((calls, 0), (calls, 1), (calls + 5, 2))
        ]
        np.testing.assert_array_equal(states[0], states[1])
        np.testing.assert_array_equal(states[0], states[2])
        assert np.abs(states[0] - iterated(cell, maze, 1, 0)).max() > 1e-3


def test_in_a_ring_a_message_goes_round_for_ever() -> None:
    """A cell that passes on what it hears: 0 stays 0, noise leaves a maze without rings, and stays in a ring."""
    cell = cell_of(0.0)
    for layer in cell.layers:
        layer.kernel[...] = jnp.vstack([10 * jnp.eye(CHANNELS), jnp.zeros((2, CHANNELS))])
    tree = puzzles.mazes(1, SIZE, seed=3)[0][0]
    ring = edited(tree, along_the_way(tree, False)[:1])
    assert not iterated(cell, tree, 200, 0).any()
    assert iterated(cell, ring, 200, 0).any()


def test_a_message_depends_on_no_answer_and_stops_at_walls() -> None:
    """Changed at one door, a message arrives two rooms on, by every door but back, and nowhere else."""
    corridor = np.zeros((1, 1, 5, 6), np.float32)
    corridor[0, 0, :-1, puzzles.RIGHT] = corridor[0, 0, 1:, puzzles.LEFT] = 1
    cell, x = cell_of(1.0), jnp.asarray(corridor)
    zero = silence(cell, x)
    changed = zero.at[0, 0, 1, CHANNELS * puzzles.RIGHT].set(5.0)  # leaves the second room for the third
    moved = np.abs(np.asarray(cell(changed, x) - cell(zero, x))).reshape(5, 4, CHANNELS).max(axis=-1)
    assert np.argwhere(moved > 0).tolist() == [[3, puzzles.RIGHT]]
    assert not np.asarray(cell(zero, x)).reshape(5, 4, CHANNELS)[:, [puzzles.UP, puzzles.DOWN]].any()
