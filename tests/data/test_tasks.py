"""Tasks: disjoint splits, known targets and known losses."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from deq.data import (
    CURVES,
    HALF_WIDTH,
    SHAPES,
    Dataset,
    Task,
    classify,
    cross_entropy,
    curve,
    double,
    formula_curve,
    load_dataset,
    shape,
    squared_error,
)


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


def test_a_few_examples_leave_some_to_train_on() -> None:
    few = replace(load_dataset("digits"), train_images=np.zeros((9, 28, 28, 1), np.uint8))
    few = replace(few, train_labels=np.zeros(9, int))
    task = classify(few)
    assert (len(task.train.y), len(task.validation.y)) == (8, 1)
    assert len(classify(replace(few, validation=0)).train.y) == 9


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


@pytest.mark.parametrize("name", CURVES)
def test_curves_have_the_right_values(name: str) -> None:
    truth = {"2x": lambda x: 2 * x, "x^2": lambda x: x**2, "sin x": np.sin, "|x|": np.abs}[name]
    task = curve(name, seed=3)
    for examples in (task.train, task.validation, task.test):
        assert examples.x.shape == examples.y.shape == (len(examples.x), 1)
        assert np.abs(examples.x).max() <= HALF_WIDTH
        np.testing.assert_allclose(examples.y, truth(examples.x), rtol=1e-6, atol=1e-6)
    assert not set(task.train.x.ravel()) & set(task.validation.x.ravel())
    assert not task.has_labels
    assert task.loss is squared_error


def test_a_formula_is_a_curve() -> None:
    task = formula_curve("x**3 - cos(x)")
    np.testing.assert_allclose(task.test.y, task.test.x**3 - np.cos(task.test.x), rtol=1e-5, atol=1e-5)
    assert task.test.y.dtype == np.float32
    assert formula_curve("2").test.y.shape == (101, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1/x", "not finite everywhere"),
        ("log(x)", "not finite everywhere"),
        ("exp(9*x)", "stay within 100"),
        ("a*x + b", "Unknown name 'a'; use numbers and x, abs, "),
        ("x +", "Syntax error"),
        ("", "empty"),
    ],
)
def test_unusable_formulas_are_refused_with_a_reason(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        formula_curve(text)


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_are_balanced_reproducible_and_separable(name: str) -> None:
    task, again = shape(name, seed=1), shape(name, seed=1)
    np.testing.assert_array_equal(task.train.x, again.train.x)
    assert (shape(name, seed=2).train.x != task.train.x).any()
    x = np.concatenate([part.x for part in (task.train, task.validation, task.test)])
    label = np.concatenate([part.y for part in (task.train, task.validation, task.test)])
    assert np.mean(label) == 0.5
    assert np.abs(x).max() <= 2.5
    assert nearest_neighbour_accuracy(task) > 0.97


def nearest_neighbour_accuracy(task: Task) -> float:
    """Test accuracy of the nearest training point's label: near 1 if the task can be learnt."""
    distance = np.linalg.norm(task.test.x[:, None] - task.train.x, axis=2)
    return float(np.mean(task.train.y[distance.argmin(axis=1)] == task.test.y))


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(ValueError, match="sin x"):
        curve("sine")
    with pytest.raises(ValueError, match="two moons"):
        shape("moons")
