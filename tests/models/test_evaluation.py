"""Evaluation counts every example once, whatever the batch size."""

import jax.numpy as jnp
import numpy as np
import pytest

from deq.data import Examples, cross_entropy, double, load_dataset
from deq.models import build
from deq.models.evaluation import evaluate
from deq.solvers import Anderson, Picard

SOLVER = Anderson(tol=1e-4)


@pytest.fixture(scope="module")
def examples() -> Examples:
    digits = load_dataset("digits")
    return Examples(digits.test_images[:23], digits.test_labels[:23])


@pytest.mark.parametrize("batch_size", [7, 500])
def test_metrics_do_not_depend_on_the_batch_size(examples: Examples, batch_size: int) -> None:
    model = build("mlp")
    found = evaluate(model, examples, cross_entropy, SOLVER, batch_size=batch_size)
    logits, solution = model(jnp.asarray(examples.x), SOLVER)
    assert found.accuracy == pytest.approx(np.mean(np.argmax(logits, 1) == examples.y))
    assert found.loss == pytest.approx(float(cross_entropy(logits, examples.y, 0.0).mean()), rel=1e-5)
    assert found.nfe == pytest.approx(float(solution.nfe.mean()), abs=0.2)
    assert found.converged == 1


def test_unconverged_solves_are_reported(examples: Examples) -> None:
    found = evaluate(build("mlp"), examples, cross_entropy, Picard(tol=1e-4, max_nfe=2))
    assert found.converged == 0
    assert found.nfe == 2
    assert found.residual > 1e-4


def test_no_accuracy_without_classes() -> None:
    task = double()
    found = evaluate(build("toy"), task.test, task.loss, SOLVER)
    assert np.isnan(found.accuracy)
    assert np.isfinite(found.loss)
