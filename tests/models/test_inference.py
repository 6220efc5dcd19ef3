"""The forward pass: padding, batch size and traces change no result."""

import numpy as np
import pytest

from deq.data import Examples, cross_entropy, load_dataset
from deq.gradients import Unrolled
from deq.models import load_pretrained
from deq.models.evaluation import evaluate
from deq.models.inference import encode, infer, read_out, solve_cell

DIGITS = load_dataset("digits")
IMAGES, LABELS = DIGITS.test_images[:23], DIGITS.test_labels[:23]


@pytest.mark.parametrize("batch_size", [1, 10, 23, 40])
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
    assert (steps.nfe == 4).all()
