"""Calibration: fitted temperatures, the calibration error, and probabilities that use them."""

from dataclasses import replace

import numpy as np
import pytest

from deq.data import Examples, classify, load_dataset
from deq.gradients import Unrolled
from deq.models.calibration import calibrate, calibration_error, fit_temperature
from deq.models.checkpoints import load_pretrained
from deq.models.inference import infer
from deq.models.weights import CheckpointError, restore_weights, weights_of
from deq.models.zoo import build
from deq.solvers import Picard


def sampled(n: int, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from a softmax, with logits `temperature` times too large for them."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(n, 10)) * 2
    return temperature * logits, (logits + rng.gumbel(size=logits.shape)).argmax(1)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_a_temperature_is_recovered_from_samples(temperature):
    assert fit_temperature(*sampled(20_000, temperature)) == pytest.approx(temperature, rel=0.03)


def test_calibration_error_of_known_bins():
    probabilities = np.array([[0.9, 0.1]] * 10 + [[0.6, 0.4]] * 10)
    labels = np.array([0] * 8 + [1] * 2 + [0] * 7 + [1] * 3)
    assert calibration_error(probabilities, labels) == pytest.approx((0.1 * 10 + 0.1 * 10) / 20)


def test_the_right_temperature_leaves_little_error():
    logits, labels = sampled(20_000, 3.0)
    raw, cooled = (np.exp(logits / t) / np.exp(logits / t).sum(1, keepdims=True) for t in (1.0, 3.0))
    assert calibration_error(cooled, labels) < 0.015 < 0.1 < calibration_error(raw, labels)


def test_probabilities_use_the_temperature_of_the_card(mnist_dir):
    shipped, mnist = load_pretrained("mlp"), load_dataset("mnist", mnist_dir)
    images = mnist.test_images[:64]
    found = infer(shipped.model, images, shipped.solver)
    logits = found.outputs / shipped.card.temperature
    np.testing.assert_allclose(
        found.probabilities, np.exp(logits) / np.exp(logits).sum(1, keepdims=True), rtol=2e-4, atol=1e-6
    )


def test_a_baseline_is_calibrated_by_its_own_forward_pass():
    model, task = load_pretrained("mlp").model, classify(load_dataset("digits"))
    few = Examples(task.test.x[:64], task.test.y[:64])
    once = Unrolled(steps=1)
    temperature, _ = calibrate(model, replace(task, validation=few, test=few), Picard(), once)
    logits = infer(model, few.x, Picard(), once).outputs
    assert temperature == pytest.approx(fit_temperature(logits, few.y))


def test_calibration_lowers_the_validation_loss(mnist_dir):
    shipped, task = load_pretrained("mlp"), classify(load_dataset("mnist", mnist_dir))
    shipped.model.temperature = 1.0
    for weights in (shipped.model.head.kernel, shipped.model.head.bias):
        weights[...] = 3 * weights[...]  # three times too confident
    few = Examples(task.validation.x[:600], task.validation.y[:600])
    temperature, error = calibrate(shipped.model, replace(task, validation=few, test=few), shipped.solver)

    def probabilities() -> np.ndarray:
        return infer(shipped.model, few.x, shipped.solver).probabilities

    def loss() -> float:
        return -float(np.log(probabilities()[np.arange(600), few.y]).mean())

    before = loss()
    assert 2 < temperature < 4.5
    shipped.model.temperature = temperature
    assert loss() < before
    assert error == pytest.approx(calibration_error(probabilities(), few.y), abs=1e-3)
    assert 0 <= error < 0.05


def test_the_temperature_travels_with_the_weights():
    model = build("mlp")
    model.temperature = 0.75
    assert restore_weights("mlp", weights_of(model)).temperature == 0.75
    model.temperature = -1.0
    with pytest.raises(CheckpointError, match=r"temperature must be a number from 0\.01 to 100, not '-1\.0'"):
        restore_weights("mlp", weights_of(model))
