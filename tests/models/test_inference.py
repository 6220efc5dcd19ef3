"""A census is the model's own answers, example by example."""

import numpy as np

from deq.data import Examples, cross_entropy, load_dataset
from deq.models.checkpoints import load_pretrained
from deq.models.evaluation import evaluate, predict
from deq.models.inference import take_census


def test_rows_are_the_answers_one_by_one_and_their_means_those_of_evaluate() -> None:
    digits, shipped = load_dataset("digits"), load_pretrained("mlp")
    images, labels = digits.test_images[:23], digits.test_labels[:23]
    census = take_census(shipped.model, images, shipped.solver, batch_size=10)  # the last batch is filled up
    probabilities, solution = predict(shipped.model, images, shipped.solver)
    np.testing.assert_allclose(census.probabilities, probabilities, atol=1e-5)
    np.testing.assert_array_equal(census.nfe, solution.nfe)
    assert census.converged.shape == census.residual.shape == (23,)
    metrics = evaluate(shipped.model, Examples(images, labels), cross_entropy, shipped.solver)
    assert np.isclose(np.mean(census.labels == labels), metrics.accuracy)
    np.testing.assert_allclose(census.residual.mean(), metrics.residual, rtol=0.01)
