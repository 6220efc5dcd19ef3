"""Mixed precision: factors in bfloat16, sums, states, residuals and parameters in float32."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from deq.cells import MonotoneDense
from deq.data import classify, load_dataset
from deq.models import EquilibriumModel, build
from deq.solvers import Anderson, solve
from deq.training import fit
from deq.training.precision import prepared
from deq.training.recipes import RECIPES, Recipe

HALF = replace(RECIPES["mlp"], precision="bf16", batch_size=64, augmentation=None)


def equations(jaxpr: Any) -> Iterator[Any]:
    """All steps of a traced function, those of the functions inside it too."""
    for equation in jaxpr.eqns:
        yield equation
        for value in equation.params.values():
            yield from equations(value.jaxpr) if hasattr(value, "jaxpr") else ()


def products(name: str, precision: str) -> list[tuple[str, str]]:
    """Types of the factors and of the sum of every product that one evaluation of a model's cell makes."""
    model = build(name)
    cell, z = (
        prepared(model, replace(HALF, precision=precision)).cell,
        model.encode(jnp.zeros((2, 28, 28, 1))),
    )
    steps = equations(jax.make_jaxpr(lambda z: cell(z, z))(z).jaxpr)
    made = [step for step in steps if step.primitive.name in ("dot_general", "conv_general_dilated")]
    return [(str(step.invars[0].aval.dtype), str(step.outvars[0].aval.dtype)) for step in made]


@pytest.mark.parametrize("name", ["mlp", "blog", "conv"])
def test_only_factors_are_rounded(name: str) -> None:
    assert products(name, "bf16") == [("bfloat16", "float32")] * 2
    assert products(name, "float32") == [("float32", "float32")] * 2
    parameters = nnx.state(prepared(build(name), HALF), nnx.Param)
    assert {leaf.dtype for leaf in jax.tree.leaves(parameters)} == {jnp.dtype("float32")}


def test_residuals_are_float32_and_below_what_bfloat16_tells_apart() -> None:
    model = prepared(build("mlp"), HALF)
    x = jnp.asarray(load_dataset("digits").test_images)
    injection = model.encode(x)
    found = solve(lambda z: model.cell(z, injection), jnp.zeros_like(injection), Anderson(tol=1e-3))
    assert found.residual.dtype == found.z.dtype == jnp.float32
    assert found.converged.all()
    own = jnp.finfo(jnp.bfloat16).eps
    assert jnp.median(found.residual) < own / 4


def test_learns_as_well_as_in_float32() -> None:
    """On average over three runs: one of 360 test digits more or less is chance."""
    task = classify(load_dataset("digits"))
    single, half = (
        [
            list(fit(build("mlp"), task, replace(HALF, epochs=6, precision=name), seed=seed))[-1].test
            for seed in range(3)
        ]
        for name in ("float32", "bf16")
    )
    assert [test.loss for test in single] != [test.loss for test in half]
    mean = np.mean([test.accuracy for test in half])
    assert mean == pytest.approx(np.mean([test.accuracy for test in single]), abs=0.01)
    assert min(test.converged for test in half) > 0.99


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (replace(HALF, precision="int4"), "choose float32 or bf16"),
        (replace(HALF, solver=Anderson(tol=1e-5)), "cannot solve to tol 1e-05"),
    ],
)
def test_what_is_out_of_reach_is_said(recipe: Recipe, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        prepared(build("mlp"), recipe)


def test_cells_without_layers_are_refused() -> None:
    """A monotone cell's proof is about its exact weights."""
    rngs = nnx.Rngs(0)
    model = EquilibriumModel(lambda x: x, MonotoneDense(4, rngs=rngs), lambda z: z)
    with pytest.raises(ValueError, match="no layer in this cell"):
        prepared(model, HALF)
