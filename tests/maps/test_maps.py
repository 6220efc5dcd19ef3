"""Maps: verdicts, fixed points, rates and sweeps against known facts and closed forms."""

import numpy as np
import pytest

from deq.maps.formula import parse_formula
from deq.maps.planar import (
    PlanarCell,
    basins,
    grid_of_starts,
    planar_fixed_points,
    planar_orbits,
    weights_from_eigenvalues,
)
from deq.maps.presets import PRESETS
from deq.maps.scalar import (
    ScalarMap,
    fixed_points,
    lipschitz_constant,
    maps_into_itself,
    orbit,
    sweep_parameter,
)
from deq.maps.verdicts import judge_orbit


def scalar(text: str, a: float = 1.0, b: float = 0.0, damping: float = 1.0) -> ScalarMap:
    return ScalarMap(parse_formula(text), a, b, damping)


LOGISTIC = "a*x*(1 - x)"
VERDICTS = [  # formula, a, b, start, verdict
    ("cos(x)", 1, 0, -1.0, "converges"),
    ("a*x + b", -0.9, 1, -3.0, "converges"),
    ("a*x + b", 0.999, 1, -3.0, "converges"),
    ("a*x + b", 1.0, 1, -3.0, "diverges"),
    ("a*x + b", 1.0, 0, -3.0, "converges"),
    ("a*x + b", 1.1, 1, -3.0, "diverges"),
    ("a*x + b", -1.0, 1, -3.0, "period 2"),
    ("a*x + b", -1.1, 1, -3.0, "diverges"),
    (LOGISTIC, 0.5, 0, 0.2, "converges"),
    (LOGISTIC, 1.0, 0, 0.2, "converges"),
    (LOGISTIC, 2.8, 0, 0.2, "converges"),
    (LOGISTIC, 3.0, 0, 0.2, "converges"),
    (LOGISTIC, 3.2, 0, 0.2, "period 2"),
    (LOGISTIC, 3.5, 0, 0.2, "period 4"),
    (LOGISTIC, 3.55, 0, 0.2, "period 8"),
    (LOGISTIC, 3.83, 0, 0.2, "period 3"),
    (LOGISTIC, 3.7, 0, 0.2, "chaotic"),
    (LOGISTIC, 3.9, 0, 0.2, "chaotic"),
    (LOGISTIC, 4.0, 0, 0.2, "chaotic"),
    (LOGISTIC, 4.1, 0, 0.2, "diverges"),
    ("(x + a/x)/2", 2, 0, 4.0, "converges"),
    ("tanh(a*x)", -2, 0, 0.1, "period 2"),
    ("sin(x)", 1, 0, 1.0, "converges"),
    ("x + exp(-x)", 1, 0, 1.0, "diverges"),
    ("x*x", 1, 0, 2.0, "diverges"),
    ("exp(x)", 1, 0, 0.0, "diverges"),
    ("1/x", 1, 0, 2.0, "period 2"),
    ("log(x)", 1, 0, 0.5, "undecided"),
    ("tan(x)", 1, 0, 0.2, "undecided"),  # chaotic, but slow for thousands of steps near 0
    ("x + 1e-9", 1, 0, 0.2, "diverges"),
    ("x", 1, 0, 0.4, "converges"),
]


@pytest.mark.parametrize(("text", "a", "b", "start", "expected"), VERDICTS)
def test_verdicts(text, a, b, start, expected):
    assert judge_orbit(scalar(text, a, b), start).text == expected


def test_cosine_limit_and_rate():
    verdict = judge_orbit(scalar("cos(x)"), -1.0)
    assert verdict.limit == pytest.approx(0.7390851332151607, abs=1e-14)
    assert verdict.predicted_rate == pytest.approx(0.6736120291832148, abs=1e-12)
    assert verdict.measured_rate == pytest.approx(0.6736120, abs=1e-4)


@pytest.mark.parametrize("a", [-0.9, -0.5, 0.3, 0.9])
def test_affine_rate_and_limit(a):
    verdict = judge_orbit(scalar("a*x + b", a, 1.0), -3.0)
    assert verdict.limit == pytest.approx(1 / (1 - a), abs=1e-12)
    assert verdict.measured_rate == pytest.approx(abs(a), abs=1e-4)
    assert verdict.lyapunov == pytest.approx(np.log(abs(a)))


def test_newtons_map_has_slope_zero():
    verdict = judge_orbit(scalar("(x + a/x)/2", 2.0), 4.0)
    assert verdict.limit == pytest.approx(np.sqrt(2), abs=1e-15)
    assert verdict.predicted_rate < 1e-12


def test_lyapunov_of_full_chaos_is_log_two():
    assert judge_orbit(scalar(LOGISTIC, 4.0), 0.2).lyapunov == pytest.approx(np.log(2), abs=0.02)


def test_damping_tames_chaos():
    verdict = judge_orbit(scalar(LOGISTIC, 3.9, damping=0.5), 0.2)
    assert verdict.text == "converges"
    assert verdict.limit == pytest.approx(1 - 1 / 3.9)
    assert verdict.predicted_rate == pytest.approx(abs(0.5 + 0.5 * (2 - 3.9)))


def test_presets_converge_within_their_window():
    for name, preset in PRESETS.items():
        g = scalar(preset.formula, preset.a, preset.b)
        assert preset.low <= preset.start <= preset.high, name
        assert judge_orbit(g, preset.start).text == "converges", name
        assert len(fixed_points(g, preset.low, preset.high).x), name


def test_orbit_stops_at_divergence_and_never_raises():
    xs = orbit(scalar("x*x"), 3.0, 20)
    assert np.isfinite(xs[:5]).all()
    assert np.isnan(xs[-1])


def test_all_fixed_points_of_a_staircase():
    fixed = fixed_points(scalar("x - a*sin(x)", 1.2), -10, 10)
    np.testing.assert_allclose(fixed.x, np.pi * np.arange(-3, 4), atol=1e-9)
    np.testing.assert_allclose(fixed.slope, 1 - 1.2 * np.cos(fixed.x), atol=1e-9)
    assert fixed.stable.tolist() == [False, True, False, True, False, True, False]


@pytest.mark.parametrize(
    ("text", "a", "expected"),
    [
        ("x - (x - 0.3)**2", 1, [0.3]),  # tangent to the diagonal
        (LOGISTIC, 1, [0.0]),
        ("tan(x)", 1, [0.0]),  # poles are not fixed points
        ("1/x", 1, [-1.0, 1.0]),
        ("x + 1", 1, []),
        ("log(x)", 1, []),
        ("x**2", 1, [0.0, 1.0]),
        ("2*x - x/abs(x)", 1, [-1.0, 1.0]),  # the jump at 0 is not a fixed point
    ],
)
def test_tangencies_poles_and_none(text, a, expected):
    np.testing.assert_allclose(fixed_points(scalar(text, a), -1.5, 1.5).x, expected, atol=1e-6)


@pytest.mark.parametrize("slope", [-1.1, -0.9, 0.9, 1.1])
def test_a_fixed_point_is_stable_where_the_slope_is_below_1_in_size(slope):
    fixed = fixed_points(scalar("a*x + 1", slope), -20, 20)
    assert fixed.stable.tolist() == [abs(slope) < 1]


def test_an_interval_of_fixed_points():
    fixed = fixed_points(scalar("relu(x)"), -1, 1)
    np.testing.assert_allclose(fixed.segments, [[0, 1]], atol=1e-3)
    assert len(fixed.x) == 0


def test_fixed_points_do_not_move_with_damping():
    plain, damped = (fixed_points(scalar(LOGISTIC, 3.2, damping=d), -1, 1.5) for d in (1.0, 0.3))
    np.testing.assert_allclose(plain.x, damped.x, atol=1e-12)
    np.testing.assert_allclose(damped.slope, 0.7 + 0.3 * plain.slope, atol=1e-9)


def test_banach_condition():
    assert lipschitz_constant(scalar("cos(x)"), -1, 1) == pytest.approx(np.sin(1))
    assert maps_into_itself(scalar("cos(x)"), -1, 1)
    assert not maps_into_itself(scalar("a*x", 2.0), -1, 1)
    assert lipschitz_constant(scalar("1/x"), -1, 1) == np.inf


def test_damping_is_checked():
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        scalar("x", damping=0.0)


def test_sweep_agrees_with_single_orbits():
    a = np.array([2.8, 3.2, 3.9, 4.2])
    sweep = sweep_parameter(parse_formula(LOGISTIC), a, 0.0, 0.2)
    np.testing.assert_allclose(sweep.x[-1, 0], 1 - 1 / 2.8, atol=1e-9)
    assert len(np.unique(sweep.x[:, 1].round(8))) == 2
    assert sweep.lyapunov[0] == pytest.approx(np.log(0.8), abs=1e-6)
    assert sweep.lyapunov[2] > 0.3
    assert np.isnan(sweep.lyapunov[3])


def test_planar_weights_have_the_eigenvalues_asked_for():
    eigenvalues = np.linalg.eigvals(weights_from_eigenvalues(1.5, 60))
    np.testing.assert_allclose(np.abs(eigenvalues), 1.5)
    np.testing.assert_allclose(np.sort(np.degrees(np.angle(eigenvalues))), [-60, 60])


def test_planar_jacobian_at_the_origin_is_w():
    cell = PlanarCell(weights_from_eigenvalues(1.5, 120), np.zeros(2))
    fixed = planar_fixed_points(cell)
    np.testing.assert_allclose(fixed.z, [[0, 0]], atol=1e-12)
    np.testing.assert_allclose(np.abs(fixed.eigenvalues), 1.5)
    assert not fixed.stable_for_iteration.any()
    assert fixed.stable_for_flow.all()


def test_planar_memories_and_basins():
    cell = PlanarCell(weights_from_eigenvalues(1.5, 0), np.zeros(2))
    fixed = planar_fixed_points(cell)
    assert len(fixed.z) == 9
    assert fixed.stable_for_iteration.sum() == 4
    starts = np.array([[1.0, 1.0], [-1.0, 1.0], [0.3, -0.2]])
    reached = fixed.z[basins(cell, fixed, starts)]
    np.testing.assert_array_equal(np.sign(reached), np.sign(starts))
    np.testing.assert_allclose(reached, cell(reached), atol=1e-9)


def test_planar_orbits_and_grid():
    cell = PlanarCell(weights_from_eigenvalues(0.5, 30), np.array([0.1, 0.2]))
    starts = grid_of_starts(3, 2.0)
    assert starts.shape == (9, 2)
    assert starts[1].tolist() == [0.0, -2.0]  # along z1 first
    zs = planar_orbits(cell, starts, 60)
    np.testing.assert_allclose(zs[1], cell(starts))
    np.testing.assert_allclose(zs[-1], np.broadcast_to(planar_fixed_points(cell).z, (9, 2)), atol=1e-12)
