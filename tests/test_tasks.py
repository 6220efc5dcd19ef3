"""Tasks: the splits are disjoint and the losses are what they say."""

import jax.numpy as jnp
import numpy as np
import pytest

from deq.data import Dataset, load_dataset
from deq.tasks import classify, cross_entropy, double, squared_error


def test_digits_are_split_in_three() -> None:
    dataset = load_dataset("digits")
    task = classify(dataset)
    assert (len(task.train.y), len(task.validation.y), len(task.test.y)) == (1294, 143, 360)
    np.testing.assert_array_equal(np.concatenate([task.train.y, task.validation.y]), dataset.train_labels)
    assert task.has_labels


def test_large_sets_hold_out_5000() -> None:
    images, labels = np.zeros((60_000, 1, 1, 1), np.uint8), np.zeros(60_000, np.int32)
    task = classify(Dataset("large", images, labels, images[:10], labels[:10]))
    assert (len(task.train.y), len(task.validation.y)) == (55_000, 5_000)


def test_toy() -> None:
    task = double()
    np.testing.assert_array_equal(task.train.x[:, 0], np.arange(1, 11))
    assert all((examples.y == 2 * examples.x).all() for examples in (task.train, task.validation, task.test))
    assert not set(task.train.x.ravel()) & set(task.validation.x.ravel())
    assert not task.has_labels


def test_cross_entropy() -> None:
    logits = jnp.array([[1.0, 2.0, 0.5], [0.0, 0.0, 0.0]])
    found = cross_entropy(logits, jnp.array([1, 2]), 0.0)
    total = np.log(np.exp([1, 2, 0.5]).sum())
    np.testing.assert_allclose(found, [total - 2, np.log(3)], rtol=1e-6)


@pytest.mark.parametrize("smoothing", [0.1, 0.3])
def test_label_smoothing_mixes_in_the_uniform(smoothing: float) -> None:
    logits = jnp.array([[1.0, 2.0, 0.5]])
    hard = cross_entropy(logits, jnp.array([1]), 0.0)
    uniform = np.mean([cross_entropy(logits, jnp.array([k]), 0.0) for k in range(3)])
    mixed = cross_entropy(logits, jnp.array([1]), smoothing)
    np.testing.assert_allclose(mixed, (1 - smoothing) * hard + smoothing * uniform, rtol=1e-5)


def test_squared_error() -> None:
    found = squared_error(jnp.array([[1.0, 2.0], [0.0, 0.0]]), jnp.array([[0.0, 0.0], [3.0, 4.0]]), 0.0)
    np.testing.assert_allclose(found, [5, 25])
