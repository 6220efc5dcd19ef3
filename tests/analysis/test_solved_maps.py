"""Solvers and flows on maps, against closed forms."""

import numpy as np
import pytest

from deq.analysis.solved_maps import flow, planar_flow, planar_nfe, race_solvers
from deq.maps.formula import parse_formula
from deq.maps.planar import PlanarCell, planar_fixed_points, weights_from_eigenvalues
from deq.solvers import Anderson, Picard

AFFINE = parse_formula("a*x + b")
TIMES = np.linspace(0, 5, 21)


def test_race_on_an_affine_map():
    race = race_solvers(AFFINE, 0.5, 1.0, -3.0, damping=0.9, tol=1e-10)
    assert list(race) == ["Picard", "damped Picard", "Anderson", "Newton-Krylov"]
    for name, solution in race.items():
        assert solution.converged.all(), name
        assert solution.z[0, 0] == pytest.approx(2.0, abs=1e-8), name
    assert race["Anderson"].nfe[0] <= 4  # the secant method is exact on a line
    picard = race["Picard"].trace
    np.testing.assert_allclose(picard.z[0, :10, 0], 2 - 5 * 0.5 ** np.arange(10), atol=1e-12)


def test_race_reports_failures_as_data():
    race = race_solvers(AFFINE, -3.0, 1.0, 0.7, damping=0.4, tol=1e-10)
    assert not race["Picard"].converged[0]
    assert np.isfinite(race["Picard"].z).all()
    assert race["damped Picard"].converged[0]  # |1 - 0.4 - 1.2| = 0.6


def test_flow_of_an_affine_map():
    x_t = flow(AFFINE, -3.0, 1.0, 2.0, TIMES)  # x' = 1 - 4 x
    np.testing.assert_allclose(x_t, 0.25 + 1.75 * np.exp(-4 * TIMES), atol=1e-6)


def test_a_diverging_flow_ends_in_nan():
    x_t = flow(parse_formula("x + x*x"), 1.0, 0.0, 1.0, TIMES)  # x' = x^2, infinite at t = 1
    np.testing.assert_allclose(x_t[:3], 1 / (1 - TIMES[:3]), rtol=1e-4)
    assert np.isnan(x_t[-1])


def test_a_flow_is_nan_where_the_formula_is_undefined():
    assert np.isnan(flow(parse_formula("log(x)"), 1.0, 0.0, -1.0, TIMES)[1:]).all()


def test_planar_flow_settles_where_the_iteration_does_not():
    cell = PlanarCell(weights_from_eigenvalues(1.5, 120), np.array([0.3, -0.2]))
    z = planar_flow(cell, np.array([[1.0, 1.0], [-1.5, 0.5]]), np.linspace(0, 40, 5))
    assert z.shape == (5, 2, 2)
    np.testing.assert_allclose(z[-1], np.broadcast_to(planar_fixed_points(cell).z, (2, 2)), atol=1e-5)
    starts = np.array([[1.0, 1.0]])
    assert not planar_nfe(cell, starts, Picard(max_nfe=100)).converged.any()
    solution = planar_nfe(cell, starts, Anderson(tol=1e-9, memory=2))
    assert solution.converged.all()
    np.testing.assert_allclose(solution.z, planar_fixed_points(cell).z, atol=1e-7)
