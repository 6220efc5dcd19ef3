"""Gradients compared with the closed form of an affine cell, and memory against depth."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from deq.analysis.comparison import Problem, Subject, gradients, make_problem
from deq.analysis.comparison.gradients import (
    GradientRun,
    compare_gradient,
    errors_by_radius,
    errors_by_tolerance,
    exact_gradient,
    gradient_table,
    memory_at,
    memory_table,
    time_gradients,
)
from deq.analysis.comparison.reference import find_reference
from deq.analysis.comparison.subjects import NOISE, RANDOM
from deq.analysis.gradient_error import gradient_error


@pytest.fixture(scope="module")
def problem() -> Problem:
    return make_problem(Subject(RANDOM, NOISE, size=8, radius=0.7))


@pytest.fixture(scope="module")
def exact(problem: Problem) -> np.ndarray:
    return exact_gradient(problem, find_reference(problem))


def test_exact_gradient_is_the_closed_form(problem: Problem, exact: np.ndarray) -> None:
    """Loss sum z^2 / (2 batch): u = (I - W)^{-T} z* / batch, dW = u^T z*, dx = u."""
    inverse = np.linalg.inv(np.eye(40) - np.asarray(problem.model.cell.weights[...], np.float64))
    z = np.asarray(problem.inputs, np.float64) @ inverse.T
    u = z @ inverse / len(z)
    np.testing.assert_allclose(exact[:1600], (u.T @ z).ravel(), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(exact[1600:], u.ravel(), rtol=1e-8, atol=1e-10)


@pytest.fixture(scope="module")
def runs(problem: Problem, exact: np.ndarray) -> dict[str, GradientRun]:
    return {
        name: compare_gradient(problem, name, exact)
        for name in ("Anderson", "GMRES", "Neumann 5", "one-step")
    }


@pytest.mark.long
def test_implicit_gradients_are_exact_and_truncated_ones_are_not(runs: dict[str, GradientRun]) -> None:
    assert max(runs[name].error for name in ("Anderson", "GMRES")) < 1e-4
    assert runs["one-step"].error > runs["Neumann 5"].error > 1e-2
    assert runs["one-step"].cosine < runs["Neumann 5"].cosine < 1
    assert runs["Anderson"].backward_converged == 1
    assert runs["one-step"].backward_converged is None
    assert all(run.temporary_bytes > 0 for run in runs.values())
    assert gradient_table(runs, {})["gradient"] == list(runs)


@pytest.mark.long
def test_gradients_are_timed_in_turns(problem: Problem) -> None:
    seconds = time_gradients(problem, ["one-step", "Anderson"])
    assert len({len(taken) for taken in seconds.values()}) == 1
    assert all((taken > 0).all() for taken in seconds.values())


@pytest.mark.long
def test_a_loose_forward_tolerance_gives_wrong_gradients(problem: Problem, exact: np.ndarray) -> None:
    errors = errors_by_tolerance(problem, "Anderson", exact)
    assert errors[0] > 1e-2
    assert errors[-1] < 1e-4


@pytest.mark.long
def test_truncation_is_worse_for_a_radius_near_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradients, "RADII", (0.2, 0.9))
    near, far = errors_by_radius("Neumann 5")
    assert near < 1e-3 < 0.05 < far
    assert errors_by_radius("Anderson").max() < 1e-3


@pytest.mark.long
def test_memory_against_depth(problem: Problem) -> None:
    implicit = [memory_at(problem, "implicit", depth) for depth in (10, 1000)]
    unrolled = [memory_at(problem, "unrolled", depth) for depth in (10, 100, 1000)]
    assert implicit[1] <= 1.05 * implicit[0]
    assert (unrolled[2] - unrolled[1]) / (unrolled[1] - unrolled[0]) == pytest.approx(10, rel=0.1)
    assert implicit[1] < memory_at(problem, "through the ODE", 1000) < unrolled[2]
    assert memory_table({("implicit", 10): 2**20})["memory, MiB"] == [1.0]


def test_gradient_error() -> None:
    exact = {"a": jnp.array([3.0, 0.0]), "b": jnp.array([[4.0]])}
    same = gradient_error(exact, exact)
    assert (same.relative, same.cosine) == (0.0, pytest.approx(1.0))
    doubled = gradient_error(jax.tree.map(lambda g: 2 * g, exact), exact)
    assert (doubled.relative, doubled.cosine) == (pytest.approx(1.0), pytest.approx(1.0))
    across = gradient_error({"a": jnp.array([0.0, 5.0]), "b": jnp.zeros((1, 1))}, exact)
    assert across.cosine == pytest.approx(0.0)
    zero = jax.tree.map(jnp.zeros_like, exact)
    assert gradient_error(zero, exact).cosine == 0.0
    assert gradient_error(zero, zero).relative == 0.0
    with pytest.raises(ValueError, match="same parameters"):
        gradient_error([jnp.zeros(2)], exact)
