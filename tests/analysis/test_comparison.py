"""Solvers compared: closed forms of affine cells, and which solver converges where."""

import jax.numpy as jnp
import numpy as np
import pytest

from deq import Anderson
from deq.analysis.comparison import Problem, Subject, build_problem, make_problem, race, subject_names
from deq.analysis.comparison.gradients import exact_gradient, methods_for
from deq.analysis.comparison.lineup import RACERS, SPLITTING, Lineup, racers_for
from deq.analysis.comparison.problem import solve_problem
from deq.analysis.comparison.race import effort_table, efforts, race_table
from deq.analysis.comparison.reference import Reference, find_reference, relative_error
from deq.analysis.comparison.spectrum import Spectrum, find_spectrum, polynomial_factor, spectrum_table
from deq.analysis.comparison.stiff import REACH, stiffen
from deq.analysis.comparison.subjects import (
    DIGITS,
    NOISE,
    RANDOM,
    SPIRAL,
    STIFF,
    YOURS,
    affine_model,
    digit_problem,
    random_matrix,
)
from deq.analysis.comparison.test_time_compute import (
    ANOTHER,
    compute_table,
    path_table,
    vary_budget,
    vary_start,
)
from deq.analysis.comparison.work_precision import precision_table, time_precision, work_precision
from deq.gradients.spectrum import EXACT_SIZE
from deq.models import EquilibriumModel, build, pixels
from deq.models.model import cell_start, identity
from tests.analysis.test_path_independence import TwoWells

LINEUP = Lineup(tol=1e-4, max_nfe=300)
DIGIT = np.random.default_rng(0).integers(0, 256, 784).astype(np.uint8).tobytes()


@pytest.fixture(scope="module")
def spiral() -> Problem:
    return make_problem(Subject(SPIRAL, NOISE, size=8))


@pytest.fixture(scope="module")
def contraction() -> Problem:
    return make_problem(Subject(RANDOM, NOISE, size=8, radius=0.8))


@pytest.fixture(scope="module")
def reference(contraction: Problem) -> Reference:
    return find_reference(contraction)


@pytest.mark.parametrize("name", ["Picard", "damped Picard", "Anderson", "ODE flow"])
def test_only_the_flow_converges_on_the_spiral(spiral: Problem, name: str) -> None:
    run = race(spiral, LINEUP.solver(name))
    assert run.converged.all() == (name == "ODE flow")
    assert run.converged.any() == (name == "ODE flow")
    assert np.isfinite(run.residual).all()


def test_reference_is_the_closed_form(contraction: Problem, reference: Reference) -> None:
    """z* = (I - W)^{-1} x."""
    weights = np.asarray(contraction.model.cell.weights[...], np.float64)
    exact = np.linalg.solve(np.eye(40) - weights, np.asarray(contraction.inputs, np.float64).T).T
    assert reference.z.dtype == np.float64
    assert reference.converged.all()
    np.testing.assert_allclose(reference.z, exact, rtol=1e-9, atol=1e-9)
    assert relative_error(2 * reference.z, reference) == pytest.approx(np.ones(8))


def test_the_reference_converges_where_anderson_fails(spiral: Problem) -> None:
    assert find_reference(spiral).converged.all()


def test_run_agrees_with_its_trace(contraction: Problem) -> None:
    run = race(contraction, LINEUP.solver("Anderson"))
    assert run.converged.all()
    for i in range(8):
        known = np.isfinite(run.trace_residual[i])
        assert run.trace_nfe[i][known][-1] == run.nfe[i]
        assert run.trace_residual[i][known].min() == pytest.approx(run.residual[i])
    table = race_table({"Anderson": run}, {}, None)
    assert table["ms"] == [None]
    assert table["NFE, max"] == [run.nfe.max()]
    assert table["same class"] == [None]


def test_agreement_is_the_fraction_of_equal_classes() -> None:
    problem = digit_problem(build("mlp"), 8, seed=0)
    run = race(problem, LINEUP.solver("Anderson"))
    assert race_table({"Anderson": run}, {}, run.classes)["same class"] == [1.0]
    wrong = np.where(np.arange(8) < 2, run.classes + 1, run.classes)
    assert race_table({"Anderson": run}, {}, wrong)["same class"] == [0.75]


def test_errors_fall_with_the_tolerance(contraction: Problem, reference: Reference) -> None:
    """||z - z*|| <= ||(I - W)^{-1}|| ||f(z) - z||, so the error is within that of the tolerance."""
    curve = work_precision(contraction, LINEUP.solver("damped Picard"), reference, double=True)
    assert curve.converged.all()
    inverse = np.linalg.inv(np.eye(40) - np.asarray(contraction.model.cell.weights[...], np.float64))
    bound = 1.5 * np.linalg.norm(inverse, 2) * curve.tol[:, None] * np.linalg.norm(np.linalg.inv(inverse), 2)
    assert (curve.error <= bound).all()
    assert (np.diff(np.median(curve.error, axis=1)) < 0).all()
    assert (np.diff(curve.nfe, axis=0) >= 0).all()
    assert len(precision_table({"damped Picard": curve}, {})["tolerance"]) == 7


def test_solvers_and_tolerances_are_timed_in_turns(contraction: Problem) -> None:
    solvers = {name: LINEUP.solver(name) for name in ("Picard", "Anderson")}
    seconds = time_precision(contraction, solvers)
    shapes = {taken.shape for taken in seconds.values()}
    assert shapes == {(7, next(iter(shapes))[1])}
    assert all((taken > 0).all() for taken in seconds.values())


def test_an_unconverged_reference_gives_no_error(reference: Reference) -> None:
    unknown = Reference(reference.z, np.zeros(8, bool), None)
    assert np.isnan(relative_error(reference.z, unknown)).all()


def test_spectrum_is_that_of_the_weights(contraction: Problem, reference: Reference) -> None:
    spectrum = find_spectrum(contraction, reference, samples=3)
    assert spectrum.radius == pytest.approx([0.8] * 3, rel=1e-4)
    exact = np.sort(np.abs(np.linalg.eigvals(np.asarray(contraction.model.cell.weights[...]))))
    np.testing.assert_allclose(np.sort(np.abs(spectrum.eigenvalues[0])), exact, rtol=1e-3)
    assert spectrum_table(spectrum, 0.5)["Picard"] == [True] * 3


def test_regions_of_the_spiral(spiral: Problem) -> None:
    spectrum = find_spectrum(spiral, find_reference(spiral), samples=1)
    assert spectrum.radius[0] == pytest.approx(np.hypot(0.5, 3))
    assert spectrum.damped_radius(0.5)[0] == pytest.approx(np.hypot(0.75, 1.5))
    assert spectrum.abscissa[0] == pytest.approx(0.5)


def test_polynomial_factors_of_two_points() -> None:
    """On two real points a, b of 1 - λ the best p(t) = 1 - c t leaves |b - a| / (a + b)."""
    assert polynomial_factor(np.array([0.5, 0.0]), 1) == pytest.approx(0.5 / 1.5, rel=1e-3)
    assert polynomial_factor(np.array([0.5, -2.0]), 2) == pytest.approx(0, abs=1e-9)
    assert polynomial_factor(np.array([1.0, 0.3]), 3) == pytest.approx(1)  # λ = 1 cannot be reduced


@pytest.mark.parametrize(("memory", "settles"), [(5, False), (15, True)])
def test_the_polynomial_factor_predicts_anderson(spiral: Problem, memory: int, settles: bool) -> None:
    spectrum = find_spectrum(spiral, find_reference(spiral), samples=1)
    factor = polynomial_factor(spectrum.eigenvalues[0], memory) * spectrum.radius[0]
    assert (factor < 1) == settles
    found = solve_problem(spiral, Lineup(memory=memory).solver("Anderson"))
    assert bool(found.converged.all()) == settles


def test_the_residual_falls_with_the_budget(contraction: Problem) -> None:
    curve = vary_budget(contraction, LINEUP.solver("Anderson"))
    assert curve.accuracy is None
    assert (np.diff(curve.residual, axis=0) <= 0).all()
    assert compute_table({"Anderson": curve})["accuracy"] == [None] * len(curve.budget)


def test_a_contraction_forgets_its_start_and_two_wells_do_not(contraction: Problem) -> None:
    solver = Lineup(tol=1e-6).solver("damped Picard")
    assert all((end.cosine > 0.9999).all() for end in vary_start(contraction, solver).values())
    sign = np.array([[1.0, 1.0], [-1.0, -1.0]], np.float32)
    wells = build_problem(EquilibriumModel(identity, TwoWells(), identity, start=cell_start), sign)
    found = vary_start(wells, solver)
    assert found[ANOTHER].cosine == pytest.approx([-1, -1])
    assert path_table(found)["cosine ≥ 0.99"][-1] == 0


def test_efforts_are_sorted(contraction: Problem) -> None:
    effort = efforts(race(contraction, LINEUP.solver("Anderson")), None)
    assert effort_table(effort)["NFE"] == sorted(effort.nfe)
    assert "class" not in effort_table(effort)


def test_stiff_digits_are_close_and_slower() -> None:
    problem = digit_problem(build("mlp"), 8, seed=0)
    stiff = stiffen(problem)
    moved = np.abs(stiff.inputs.reshape(8, -1) - pixels(jnp.asarray(problem.inputs)))
    assert REACH / 2 < moved.max() <= REACH + 1e-6
    solver = Lineup(tol=1e-6).solver("Picard")
    assert solve_problem(stiff, solver).nfe.mean() > solve_problem(problem, solver).nfe.mean()


def test_problems_are_made_from_settings() -> None:
    assert Subject("mlp").batches == [DIGITS, NOISE, STIFF, YOURS]
    assert subject_names()[-2:] == [RANDOM, SPIRAL]
    assert make_problem(Subject("toy", NOISE, size=5)).z0.shape == (5, 1)
    same, other = (make_problem(Subject(RANDOM, NOISE, 2, seed)).inputs for seed in (3, 4))
    np.testing.assert_array_equal(same, make_problem(Subject(RANDOM, NOISE, 2, 3)).inputs)
    assert not np.array_equal(same, other)


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        (Subject(RANDOM, DIGITS), "random cell has no batch"),
        (Subject("nothing", NOISE), "Unknown pretrained model"),
        (Subject("mlp", NOISE, weights=b"garbage"), "safetensors"),
    ],
)
def test_impossible_subjects_are_refused(subject: Subject, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_problem(subject)


def test_lineup_makes_every_solver() -> None:
    settings = Lineup(tol=1e-3, max_nfe=77, damping=0.3, memory=3, method="Heun")
    made = {name: settings.solver(name) for name in RACERS}
    assert all((solver.tol, solver.max_nfe) == (1e-3, 77) for solver in made.values())
    assert made["damped Picard"].damping == 0.3
    assert made["Picard"].damping == 1
    assert made["Anderson"].memory == 3
    assert type(made["ODE flow"].method).__name__ == "Heun"
    with pytest.raises(ValueError, match="choose from Picard"):
        settings.solver("Euler")


def test_splitting_is_for_monotone_models_only() -> None:
    subject = Subject("monotone", size=8)
    assert SPLITTING in racers_for(subject)
    assert SPLITTING not in racers_for(Subject("mlp"))
    problem = make_problem(subject)
    run = race(problem, LINEUP.solver(SPLITTING))
    assert run.converged.all()
    np.testing.assert_array_equal(run.classes, find_reference(problem).classes)
    np.testing.assert_allclose(
        work_precision(problem, LINEUP.solver(SPLITTING), find_reference(problem)).error[-1], 0, atol=1e-5
    )
    with pytest.raises(ValueError, match="monotone cell"):
        race(make_problem(Subject("mlp", size=8)), LINEUP.solver(SPLITTING))


@pytest.mark.long
def test_large_states_use_their_outermost_eigenvalues_and_anderson() -> None:
    """Loss sum z^2 / (2 batch), so dx = (I - W)^{-T} z* / batch."""
    n = EXACT_SIZE + 20
    inputs = np.random.default_rng(0).normal(size=(2, n)).astype(np.float32)
    problem = build_problem(affine_model(random_matrix(0.8, seed=0, n=n)), inputs)
    found = find_reference(problem)
    assert find_spectrum(problem, found).radius == pytest.approx([0.8] * 2, rel=0.01)
    assert "dense" not in methods_for(problem)
    weights = np.asarray(problem.model.cell.weights[...], np.float64)
    slope = found.z @ np.linalg.inv(np.eye(n) - weights) / 2
    np.testing.assert_allclose(exact_gradient(problem, found)[n * n :], slope.ravel(), rtol=1e-7, atol=1e-9)


def test_the_factors_of_picard_damped_picard_and_the_flow() -> None:
    spectrum = Spectrum(np.array([[-1.5, 0.5], [0.6j, 0.2]]), np.array([True, True]))
    np.testing.assert_allclose(spectrum.radius, [1.5, 0.6])
    np.testing.assert_allclose(spectrum.damped_radius(0.25), [0.875, 0.8])  # |0.75 + 0.25 λ|
    np.testing.assert_allclose(spectrum.abscissa, [0.5, 0.2])


def test_a_visitors_digit_is_a_batch_of_one_that_is_not_shared() -> None:
    subject = Subject("mlp", YOURS, size=1, digit=DIGIT)
    found = solve_problem(make_problem(subject), Anderson(tol=1e-4))
    assert found.z.shape == (1, 128)
    assert found.converged.all()
    assert Subject("mlp").shared
    assert not subject.shared
    with pytest.raises(ValueError, match="784 bytes, got 0"):
        make_problem(Subject("mlp", YOURS, size=1))
