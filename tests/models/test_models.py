"""The models of the zoo have the architectures that they document."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from deq.models import PICTURE_MODELS, EquilibriumModel, build, pixels
from deq.solvers import Anderson
from tests.support.cases import few_of

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1), np.uint8)


@pytest.mark.parametrize("name", few_of(PICTURE_MODELS, ("mlp", "conv")))
def test_fresh_models_have_an_equilibrium_for_pictures(name: str) -> None:
    model = build(name)
    logits, solution = jax.jit(lambda x: model(x, Anderson(tol=1e-4)))(IMAGES)
    assert logits.shape == (3, 10)
    assert solution.converged.all()


def test_blog_is_the_published_network() -> None:
    """Dense(784,100), f(z, x) = Dense(500,100) tanh Dense(100,500) (z + x), z0 = f(0, x), Dense(100,10)."""
    model = build("blog", seed=1)
    into, out = model.cell.into, model.cell.out
    injection = model.encode(jnp.asarray(IMAGES))
    z = jax.random.normal(jax.random.key(0), (3, 100))
    expected = jnp.tanh((z + injection) @ into.kernel[...] + into.bias[...]) @ out.kernel[...] + out.bias[...]
    np.testing.assert_allclose(model.cell(z, injection), expected, rtol=1e-5, atol=1e-6)
    with jax.default_matmul_precision("highest"):  # as the start is computed, on a GPU too
        np.testing.assert_allclose(model.start(injection), model.cell(jnp.zeros_like(z), injection))
    assert (into.kernel.shape, out.kernel.shape) == ((100, 500), (500, 100))


def test_mlp_cell_is_its_formula() -> None:
    model = build("mlp")
    z, x = jax.random.normal(jax.random.key(0), (2, 4, 128))
    state, injection = model.cell.state.kernel[...], model.cell.injection.kernel[...]
    expected = np.maximum(z @ state, 0) + np.maximum(x @ injection, 0)
    np.testing.assert_allclose(model.cell(z, x), expected, rtol=1e-4, atol=1e-5)


def test_toy_output_is_its_equilibrium() -> None:
    """f(z, x) = s (z + x) + c, hence z* = (s x + c) / (1 - s)."""
    model = build("toy", seed=2)
    slope = (model.cell.into.kernel[...] @ model.cell.out.kernel[...])[0, 0]
    offset = (model.cell.into.bias[...] @ model.cell.out.kernel[...] + model.cell.out.bias[...])[0]
    y, _ = jax.jit(lambda x: model(x, Anderson(tol=1e-6)))(jnp.array([[3.0]]))
    np.testing.assert_allclose(y[0, 0], (3 * slope + offset) / (1 - slope), rtol=1e-4)


def test_seed_fixes_the_weights() -> None:
    one, same, other = (build("mlp", seed).head.kernel[...] for seed in (0, 0, 1))
    assert (one == same).all()
    assert not (one == other).all()


def test_pixels() -> None:
    assert pixels(jnp.asarray(IMAGES)).shape == (3, 784)
    np.testing.assert_allclose(pixels(jnp.asarray(IMAGES)).max(), IMAGES.max() / 255, rtol=1e-6)
    floats = jnp.full((2, 28, 28, 1), 0.5)
    np.testing.assert_array_equal(pixels(floats), jnp.full((2, 784), 0.5))


class Shared(nnx.Module):
    """f(z, (a, B)) = tanh(0.9 z B) + a, with one B for all samples."""

    def __call__(self, z: jax.Array, x: tuple[jax.Array, jax.Array]) -> jax.Array:
        return jnp.tanh(0.9 * z @ x[1]) + x[0]


def test_an_injection_may_hold_what_all_samples_share() -> None:
    """Also in a batch so large that its slowest samples are finished apart."""
    shared = 0.5 * jnp.eye(4)
    model = EquilibriumModel(lambda x: (x, shared), Shared(), lambda z: z, lambda _, x: jnp.zeros_like(x[0]))
    x = jax.random.normal(jax.random.key(0), (200, 4))
    z, solution = model(x, Anderson(tol=1e-6))
    assert solution.converged.all()
    np.testing.assert_allclose(z, jnp.tanh(0.45 * z) + x, atol=1e-4)


def test_unknown_model() -> None:
    with pytest.raises(ValueError, match="choose from"):
        build("resnet")


def test_start_has_no_gradient() -> None:
    model = build("blog")
    graphdef, state = nnx.split(model)
    injection = jnp.ones((1, 100))
    gradient = jax.grad(lambda state: nnx.merge(graphdef, state).start(injection).sum())(state)
    assert all((leaf == 0).all() for leaf in jax.tree.leaves(gradient))
