"""One forward pass for all: padding, batches and traces change nothing about a row, and every row counts once."""

import jax
import numpy as np
import pytest
from scipy.special import softmax

from deq.data import Examples, Task, cross_entropy, double, load_dataset
from deq.gradients import Unrolled
from deq.models import build, load_pretrained
from deq.models.evaluation import evaluate, evaluate_task, measure
from deq.models.inference import encode, forward, infer, read_out, solve_cell
from deq.solvers import Anderson, Picard
from tests.support.cases import long

DIGITS = load_dataset("digits")
IMAGES, LABELS = DIGITS.test_images[:23], DIGITS.test_labels[:23]
SOLVER = Anderson(tol=1e-4)


@pytest.mark.parametrize("batch_size", [1, long(10), 23, long(40)])
def test_rows_do_not_depend_on_their_batch(batch_size: int) -> None:
    shipped = load_pretrained("mlp")
    injection, z0 = encode(shipped.model, IMAGES)
    whole = solve_cell(shipped.model.cell, injection, z0, shipped.solver)
    found = infer(shipped.model, IMAGES, shipped.solver, batch_size=batch_size, states=True)
    np.testing.assert_allclose(found.states, whole.z, atol=0.01)  # both within a tolerance of 1e-3
    np.testing.assert_allclose(found.outputs, read_out(shipped.model, whole.z), atol=0.05)
    np.testing.assert_array_equal(found.nfe, whole.nfe)
    assert found.converged.shape == found.residual.shape == (23,)
    np.testing.assert_allclose(found.probabilities, shipped.model.probabilities(whole.z), atol=0.01)
    assert np.mean(found.labels == LABELS) > 0.8


@pytest.mark.parametrize("trace", [0, 3])
def test_models_that_differ_in_temperature_alone_share_a_program(trace: int) -> None:
    model = load_pretrained("mlp").model
    found = infer(model, IMAGES, SOLVER, trace=trace)
    programs = forward._cache_size()
    model.temperature *= 2
    hotter = infer(model, IMAGES, SOLVER, trace=trace)
    assert forward._cache_size() == programs
    np.testing.assert_array_equal(hotter.outputs, found.outputs)
    np.testing.assert_allclose(hotter.probabilities, softmax(found.outputs / model.temperature, 1), rtol=1e-4)
    assert model.uncalibrated().temperature == 1 < model.temperature


def test_validation_and_test_set_share_a_program() -> None:
    few, many = (Examples(IMAGES[:n], LABELS[:n]) for n in (11, 21))
    task, model = Task("few and many", few, few, many, cross_entropy), load_pretrained("mlp").model
    programs = forward._cache_size()
    found = [evaluate_task(model, task, part, SOLVER) for part in (few, many)]
    assert forward._cache_size() == programs + 1
    for metrics, part in zip(found, (few, many), strict=True):
        assert metrics.accuracy == np.mean(infer(model, part.x, SOLVER).labels == part.y)


def test_a_trace_ends_at_the_same_answer() -> None:
    shipped = load_pretrained("blog")
    plain = infer(shipped.model, IMAGES, shipped.solver)
    found = infer(shipped.model, IMAGES, shipped.solver, batch_size=8, trace=100)
    np.testing.assert_allclose(found.outputs, plain.outputs, atol=1e-3)
    last = np.isfinite(found.trace.residual).sum(axis=1) - 1
    rows = np.arange(len(IMAGES))
    assert found.trace.z.shape[:2] == found.paths.shape[:2] == (23, 100)
    np.testing.assert_array_equal(found.trace.nfe[rows, last], found.nfe)
    np.testing.assert_allclose(found.paths[rows, last], found.probabilities, atol=1e-4)


def test_means_match_evaluate_and_a_gradient_may_replace_the_solver() -> None:
    shipped = load_pretrained("mlp")
    found = infer(shipped.model, IMAGES, shipped.solver)
    metrics = evaluate(shipped.model, Examples(IMAGES, LABELS), cross_entropy, shipped.solver)
    assert np.isclose(np.mean(found.labels == LABELS), metrics.accuracy)
    np.testing.assert_allclose(found.residual.mean(), metrics.residual, rtol=0.01)
    steps = infer(shipped.model, IMAGES, shipped.solver, Unrolled(3))
    assert (steps.nfe == 5).all()  # three steps, then the residual and its judgement


@pytest.fixture(scope="module")
def examples() -> Examples:
    digits = load_dataset("digits")
    return Examples(digits.test_images[:23], digits.test_labels[:23])


@pytest.mark.parametrize("batch_size", [7, long(500)])
def test_metrics_do_not_depend_on_the_batch_size(examples: Examples, batch_size: int) -> None:
    model = build("mlp")
    found = evaluate(model, examples, cross_entropy, SOLVER, batch_size=batch_size)
    logits, solution = jax.jit(lambda x: model(x, SOLVER))(examples.x)
    assert found.accuracy == pytest.approx(np.mean(np.argmax(logits, 1) == examples.y))
    assert found.loss == pytest.approx(float(cross_entropy(logits, examples.y, 0.0).mean()), rel=1e-5)
    assert found.nfe == pytest.approx(float(solution.nfe.mean()), abs=0.2)
    assert found.converged == 1


def test_no_class_without_a_finite_output(examples: Examples) -> None:
    outputs = np.array([[np.nan, np.nan], [0.0, 1.0]], np.float32)
    solved = infer(build("mlp"), examples.x[:2], Anderson())
    found = measure(outputs, np.array([0, 1]), np.zeros(2, np.float32), solved)
    assert found.accuracy.tolist() == [0, 1]


def test_a_trace_is_of_a_solve(examples: Examples) -> None:
    with pytest.raises(ValueError, match="Unrolled runs none"):
        infer(build("mlp"), examples.x, Anderson(), Unrolled(steps=1), trace=5)


def test_unconverged_solves_are_reported(examples: Examples) -> None:
    found = evaluate(build("mlp"), examples, cross_entropy, Picard(tol=1e-4, max_nfe=2))
    assert found.converged == 0
    assert found.nfe == 2
    assert found.residual > 1e-4
    results = infer(build("mlp"), examples.x, Picard(tol=1e-4, max_nfe=2))
    assert not results.right(results.labels).any()  # a failed solve has no answer that could be right


def test_no_accuracy_without_classes() -> None:
    task = double()
    found = evaluate(build("toy"), task.test, task.loss, SOLVER)
    assert np.isnan(found.accuracy)
    assert np.isfinite(found.loss)
