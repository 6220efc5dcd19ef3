"""The front page's arrays against known results, and the stored file against a fresh solve."""

import jax.numpy as jnp
import numpy as np
import pytest

from deq import Picard, solve
from deq.analysis.front_page import (
    FLOW,
    FLOW_CELL,
    LAYER,
    LAYER_CELL,
    plan_of,
    ring,
    settle_cosine,
    settle_plane,
    solved_maze,
)
from deq.maps.planar import PlanarCell, planar_fixed_points, weights_from_eigenvalues
from deq.solvers import Solver
from pages.ui.home.record import arrays
from pages.ui.home.story import FILE

DOTTIE = 0.7390851332151607


@pytest.mark.parametrize("start", [-1.0, 0.0, 0.739, 2.0])
def test_cosine_ends_at_the_dottie_number(start: float) -> None:
    solution = settle_cosine(jnp.array([start]))
    assert bool(solution.converged[0])
    assert float(solution.z[0, 0]) == pytest.approx(DOTTIE, abs=5e-6)
    orbit = solution.trace.z[0, : int(solution.nfe[0]), 0]
    np.testing.assert_allclose(orbit[1:], np.cos(orbit[:-1]), atol=1e-6)


def planar(cell: tuple[float, ...]) -> PlanarCell:
    return PlanarCell(weights_from_eigenvalues(*cell[:2]), np.array(cell[2:]))


@pytest.mark.parametrize(("cell", "solver"), [(LAYER_CELL, LAYER), (FLOW_CELL, FLOW)])
def test_planar_layers_settle_on_their_one_fixed_point(cell: tuple[float, ...], solver: Solver) -> None:
    found = settle_plane(cell, ring(12), solver)
    (fixed,) = planar_fixed_points(planar(cell)).z
    assert found.converged.all()
    np.testing.assert_allclose(found.z, np.broadcast_to(fixed, (12, 2)), atol=0.03)


def test_the_flow_settles_where_iteration_does_not() -> None:
    z = planar(FLOW_CELL)
    again = solve(
        lambda y: jnp.tanh(y @ jnp.asarray(z.weights.T, jnp.float32) + z.x), ring(12), Picard(max_nfe=500)
    )
    assert not again.converged.any()


def test_the_maze_is_wrong_at_first_and_right_in_the_end() -> None:
    found = solved_maze()
    assert found["maze.converged"]
    wrong = found["maze.wrong"].tolist()
    assert wrong == sorted(wrong, reverse=True)
    assert wrong[0] > 50
    assert wrong[-1] == 0


def test_a_plan_shows_walls_and_the_path_through_open_doors() -> None:
    doors = np.zeros((2, 2, 6), np.uint8)  # up, right, down, left, start, goal
    doors[0, 0, [1, 4]] = doors[0, 1, [3, 2]] = doors[1, 1, [0, 5]] = 1
    plan = plan_of(doors, np.array([[1, 1], [0, 1]], np.uint8))
    np.testing.assert_array_equal(plan, np.pad([[2, 2, 2], [0, 0, 2], [1, 0, 2]], 1))


@pytest.mark.long
def test_the_stored_arrays_are_those_of_a_fresh_solve() -> None:
    """Otherwise run python -m pages.ui.home.record."""
    found = arrays()
    with np.load(FILE, allow_pickle=False) as file:
        kept = dict(file)
    assert kept.keys() == found.keys()
    for name, value in found.items():
        np.testing.assert_allclose(kept[name], value, rtol=1e-3, atol=1e-4, err_msg=name)
