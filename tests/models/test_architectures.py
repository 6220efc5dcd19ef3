"""Models from a description: each cell computes its formula, and bounded cells are contractions."""

import itertools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy
from flax import nnx

from deq.models import count_parameters
from deq.models.architectures import (
    ACTIVATIONS,
    BOUND,
    CELLS,
    INJECTIONS,
    NORMALISATIONS,
    Architecture,
    construct,
)
from deq.models.weights import ARCHITECTURE, CheckpointError, architecture_of, restore_weights, weights_of
from deq.solvers import Picard
from tests.support.cases import few_of
from tests.support.problems import jit_solve

EVERY = [
    Architecture(2, 3, cell, 5, 7, "tanh", injection, normalisation)
    for cell, injection, normalisation in itertools.product(CELLS, INJECTIONS, NORMALISATIONS)
]


def some(shape: tuple[int, ...], seed: int) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), shape)


def with_random_weights(architecture: Architecture, scale: float) -> nnx.Module:
    """The cell with random weights of any size, as training may leave them."""
    cell = construct(architecture).cell
    state = nnx.state(cell, nnx.Param)
    leaves, tree = jax.tree.flatten(state)
    drawn = [scale * some(leaf.shape, 10 + i) for i, leaf in enumerate(leaves)]
    nnx.update(cell, jax.tree.unflatten(tree, drawn))
    return cell


@pytest.mark.parametrize("architecture", EVERY, ids=str)
def test_every_combination_keeps_the_state_shape_and_treats_rows_alone(architecture: Architecture) -> None:
    model = construct(architecture)
    cell = jax.jit(lambda z, x: model.cell(z, model.encode(x)))
    z, x = some((4, 5), 1), some((4, 2), 0)
    whole = cell(z, x)
    assert whole.shape == (4, 5)
    np.testing.assert_allclose(cell(z[:1], x[:1]), whole[:1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("injection", INJECTIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_cell_computes_its_formula(cell: str, injection: str) -> None:
    f = with_random_weights(Architecture(2, 3, cell, 5, 7, "tanh", injection), 0.7)
    z, x = some((4, 5), 1), some((4, 5), 2)
    w, b = f.state.kernel[...], f.state.bias[...]
    u = None if f.injected is None else f.injected.kernel[...]
    y = {
        "with the state": lambda: jnp.tanh((z + x) @ w + b),
        "before the activation": lambda: jnp.tanh(z @ w + x @ u + b),
        "after the activation": lambda: jnp.tanh(z @ w + b) + jnp.tanh(x @ u),
    }[injection]()
    if cell == "two layers":
        y = y @ f.out.kernel[...] + f.out.bias[...]
    np.testing.assert_allclose(f(z, x), y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("activation", few_of(list(ACTIVATIONS), ("tanh",)))
@pytest.mark.parametrize("cell", CELLS)
def test_bounded_cells_contract_whatever_their_weights(cell: str, activation: str) -> None:
    f = with_random_weights(Architecture(2, 3, cell, 5, 7, activation, normalisation="bounded weights"), 9.0)
    x = some((1, 5), 2)
    jacobian = jax.jit(jax.vmap(jax.jacobian(lambda z: f(z[None], x)[0])))(some((64, 5), 3))
    assert np.linalg.norm(np.asarray(jacobian), 2, axis=(1, 2)).max() <= BOUND + 1e-5
    assert jit_solve(lambda z: f(z, x), some((1, 5), 4), Picard(tol=1e-4, max_nfe=500)).converged.all()


@pytest.mark.parametrize("architecture", [EVERY[0], EVERY[4], EVERY[10], EVERY[17]], ids=str)
def test_fresh_models_have_an_equilibrium(architecture: Architecture) -> None:
    model = construct(replace(architecture, width=32, hidden=64), seed=1)
    _, solution = jax.jit(lambda x: model(x))(some((32, 2), 0))
    assert solution.converged.mean() > 0.9


def test_seed_fixes_the_weights() -> None:
    first, again, other = (construct(EVERY[0], seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.head.kernel[...], again.head.kernel[...])
    assert (first.head.kernel[...] != other.head.kernel[...]).any()


def test_the_blogs_size() -> None:
    blog = Architecture(784, 10, "two layers", 100, 500, "tanh", "with the state")
    assert count_parameters(construct(blog)) == 180_110


def test_pictures_are_flattened() -> None:
    images = np.zeros((3, 28, 28, 1), np.uint8)
    outputs = jax.eval_shape(lambda x: construct(Architecture(784, 10))(x)[0], images)
    assert outputs.shape == (3, 10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell": "three layers"}, "one layer, two layers"),
        ({"activation": "sigmoid"}, "tanh"),
        ({"injection": "no"}, "with the state"),
        ({"normalisation": "batch"}, "layer norm"),
        ({"width": 0}, "width must be a whole number"),
        ({"width": 2.5}, "width must be a whole number"),
        ({"hidden": 5000}, "to 1024"),
    ],
)
def test_unknown_settings_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Architecture(2, 2, **change)


def test_weights_describe_their_architecture() -> None:
    """The bytes alone define the model, whatever its name; the same bytes every time."""
    architecture = Architecture(2, 3, "two layers", 5, 7, normalisation="layer norm")
    model = construct(architecture, seed=4)
    data = weights_of(model, architecture)
    assert data == weights_of(model, architecture)
    assert architecture_of(data) == architecture
    models = model, restore_weights("own", data)
    outputs = [jax.jit(lambda x, m=m: m(x, Picard(tol=1e-5))[0])(some((4, 2), 0)) for m in models]
    np.testing.assert_array_equal(*outputs)


@pytest.mark.parametrize("described", ['{"inputs": 2}', "[]", "null", "{", '{"inputs": 1e9, "outputs": 2}'])
def test_invalid_metadata_is_refused(described: str) -> None:
    data = safetensors.numpy.save({"w": np.zeros(1, np.float32)}, {ARCHITECTURE: described})
    with pytest.raises(CheckpointError):
        restore_weights("own", data)


def test_description_that_does_not_fit_the_weights_is_refused() -> None:
    small, large = Architecture(2, 3, width=5), Architecture(2, 3, width=6)
    with pytest.raises(CheckpointError, match="float32"):
        restore_weights("own", weights_of(construct(small), large))
