"""The equation of a unit: its terms through the activation are the state's next value, for each cell that has one."""

from collections.abc import Callable

import jax
import numpy as np
import pytest
from flax import nnx

from deq.analysis.explanation.units import MOMENTS, UnitEquations, as_picture, moments, unit_equations
from deq.data import load_dataset
from deq.models import load_pretrained
from deq.models.architectures import ACTIVATIONS, Architecture, construct
from deq.models.inference import encode, infer
from deq.models.model import EquilibriumModel
from deq.models.zoo import build
from deq.solvers import Anderson
from tests.support.cases import few_of

OURS = ("mlp", "monotone", "blog", "conv")


@pytest.fixture(scope="module")
def digit() -> np.ndarray:
    return load_dataset("digits").test_images[3, ..., 0]


def states_of(model: EquilibriumModel, digit: np.ndarray) -> np.ndarray:
    found = infer(model, digit[None, ..., None], Anderson(tol=1e-4), trace=10).trace
    return found.z[0][np.isfinite(found.residual[0])]


def next_values(found: UnitEquations, states: np.ndarray) -> np.ndarray:
    """The equation written out: (n, rows, columns, channels)."""
    (_, rows, columns, _), size = found.sources.shape, len(found.kernel)
    edge = (size // 2, size // 2)
    y = np.pad(found.sources, ((0, 0), edge, edge, (0, 0)))
    places = [(i, j) for i in range(size) for j in range(size)]
    total = sum(y[:, i : i + rows, j : j + columns] @ found.kernel[i, j] for i, j in places)
    gain, offset, scale, shift = (
        v[:, None, None] for v in (found.gain, found.offset, found.scale, found.shift)
    )
    before = gain * (total + found.given) + offset + found.form.own * as_picture(states)
    return scale * ACTIVATIONS[found.form.activation](before) + shift


DESCRIBED = [
    {"injection": "with the state", "activation": "elu"},
    {"injection": "after the activation", "normalisation": "bounded weights"},
    {"normalisation": "layer norm", "activation": "relu"},
    {"cell": "two layers", "injection": "after the activation", "normalisation": "layer norm"},
]
QUICK = ("mlp", "conv", "1", "3")  # they have all terms between them
WAYS = {name: lambda name=name: load_pretrained(name).model for name in OURS}
WAYS |= {str(i): lambda how=how: described(how) for i, how in enumerate(DESCRIBED)}


def described(how: dict[str, str]) -> EquilibriumModel:
    """A model of the Train page, its biases not 0."""
    model, rng = construct(Architecture(784, 10, width=16, hidden=24, **how)), np.random.default_rng(0)
    weights = nnx.state(model.cell, nnx.Param)
    nnx.update(model.cell, jax.tree.map(lambda v: v + 0.1 * rng.normal(size=v.shape), weights))
    return model


@pytest.mark.parametrize("make", few_of(WAYS, QUICK))
def test_all_terms_together_are_the_next_state(
    make: Callable[[], EquilibriumModel], digit: np.ndarray
) -> None:
    model = make()
    states = states_of(model, digit)
    found = unit_equations(model, digit, states)
    x, _ = encode(model, digit[None, ..., None])
    following = np.stack([model.cell(z[None], x)[0] for z in states])
    np.testing.assert_allclose(next_values(found, states), as_picture(following), atol=2e-5, rtol=1e-4)
    assert (found.form.source == "z") == np.array_equal(found.sources, as_picture(states))


@pytest.mark.long
def test_a_cell_of_another_kind_has_no_equation(digit: np.ndarray) -> None:
    model = build("multiscale")
    assert unit_equations(model, digit, states_of(model, digit)) is None


def test_moments_keep_the_early_iterates_and_the_last() -> None:
    assert list(moments(7)) == list(range(7))
    kept = moments(101)
    assert len(kept) <= MOMENTS
    assert list(kept[:8]) == list(range(8))
    assert kept[-1] == 100
