"""A recipe's certified_radius: the loss counts the worst outputs within it, and training makes certificates larger."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from deq import certified_radius, fit, load_dataset
from deq.analysis.certificates import ACCURATE
from deq.cells import MonotoneDense
from deq.data import Dataset
from deq.models import EquilibriumModel, build
from deq.models.affine import affine_parts, worst_outputs
from deq.models.inference import infer
from deq.training import Finished
from deq.training.recipes import PLAIN, RECIPES
from deq.training.wander import grown

RECIPE = replace(RECIPES["monotone"], epochs=4, batch_size=64, augmentation=None, learning_rate=1e-2)


def corners() -> Dataset:
    """Two classes, left and right of a gap, and two inputs that say nothing."""
    random = np.random.default_rng(0)
    labels = random.permutation(np.arange(900) % 2).astype(np.int32)
    x = random.uniform(-1, 1, (900, 3)).astype(np.float32)
    x[:, 0] = np.where(labels == 1, 1, -1) * random.uniform(0.4, 1, 900)
    return Dataset("corners", x[:700], labels[:700], x[700:], labels[700:], num_classes=2)


def small() -> EquilibriumModel:
    rngs = nnx.Rngs(0)
    return EquilibriumModel(
        nnx.Linear(3, 12, rngs=rngs), MonotoneDense(12, rngs=rngs), nnx.Linear(12, 2, rngs=rngs)
    )


def trained(radius: float) -> EquilibriumModel:
    *_, last = fit(small(), corners(), replace(RECIPE, certified_radius=radius))
    assert isinstance(last, Finished)
    assert last.test.accuracy > 0.99
    return last.model


@pytest.mark.long
def test_training_for_a_radius_certifies_it() -> None:
    """The gap is 0.4 wide on each side, so that no more can be true."""
    x = corners().test_images
    plain, certified = (certified_radius(trained(radius), x) for radius in (0.0, 0.3))
    assert (certified > 0.3).mean() > 0.9
    assert (certified > 0.3).mean() > (plain > 0.3).mean() + 0.1
    assert certified.max() <= 1.5


@pytest.mark.long
def test_the_worst_outputs_are_those_of_a_certificate_at_its_radius() -> None:
    """At an example's own radius its nearest rival draws level, and no other is ahead."""
    model, x = build("monotone", 1), load_dataset("digits").test_images[:6]
    radii = certified_radius(model, x)
    found = infer(model, x, ACCURATE)
    labels = jnp.asarray(found.labels)
    worst = jax.jit(worst_outputs)(model, jnp.asarray(found.outputs), labels, jnp.asarray(radii)[:, None])
    lead = jnp.take_along_axis(worst, labels[:, None], 1) - worst
    rivals = np.where(np.arange(10) == found.labels[:, None], np.inf, lead)
    np.testing.assert_allclose(rivals.min(axis=1), 0, atol=1e-4)
    assert affine_parts(model) is not None


def test_the_radius_grows_over_half_the_run() -> None:
    ends = jnp.asarray([50, 100])
    assert [float(grown(ends, jnp.asarray(step))) for step in (0, 25, 50, 99)] == [0, 0.5, 1, 1]


def test_models_without_a_bound_are_refused() -> None:
    with pytest.raises(ValueError, match="certified_radius needs classes and a model with a Lipschitz bound"):
        next(fit(build("mlp"), load_dataset("digits"), replace(PLAIN, certified_radius=1.0)))
    with pytest.raises(ValueError, match="certified_radius must be a number >= 0"):
        replace(RECIPE, certified_radius=-1.0)
    with pytest.raises(ValueError, match="A bound needs"):
        worst_outputs(build("mlp"), jnp.zeros((1, 10)), jnp.zeros(1, int), 1.0)
