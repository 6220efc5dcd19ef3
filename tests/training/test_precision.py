"""Mixed precision: factors in bfloat16; sums, states, residuals and parameters in float32."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from deq.cells import Conv, MonotoneDense
from deq.data import classify, load_dataset
from deq.models import EquilibriumModel, build
from deq.solvers import Anderson, solve
from deq.training import fit
from deq.training.precision import with_precision
from deq.training.recipes import RECIPES, Recipe

HALF = replace(RECIPES["mlp"], precision="bf16", batch_size=64, augmentation=None)


def rounded(values: jax.Array) -> jax.Array:
    """Rounded to bfloat16, as float32."""
    return values.astype(jnp.bfloat16).astype(jnp.float32)


@pytest.mark.parametrize("name", ["mlp", "blog", "conv"])
def test_only_factors_are_rounded(name: str) -> None:
    """A layer's output is that of its float32 twin on rounded input and kernel."""
    pairs = zip(
        *(nnx.iter_modules(m.cell) for m in (with_precision(build(name), HALF), build(name))), strict=True
    )
    layers = [(half, single) for (_, half), (_, single) in pairs if isinstance(half, nnx.Linear | Conv)]
    assert len(layers) == 2
    for half, single in layers:
        x = jax.random.normal(jax.random.key(0), (2, 4, 4, half.kernel.shape[-2]))
        found, exact = half(x), single(x)
        single.kernel[...] = rounded(single.kernel[...])
        assert half.kernel[...].dtype == found.dtype == jnp.float32
        np.testing.assert_allclose(found, single(rounded(x)), rtol=1e-5, atol=1e-5)
        assert abs(found - exact).max() > 1e-4


def test_residuals_are_float32_and_below_the_resolution_of_bfloat16() -> None:
    model = with_precision(build("mlp"), HALF)
    x = jnp.asarray(load_dataset("digits").test_images)
    injection = model.encode(x)
    found = solve(lambda z: model.cell(z, injection), jnp.zeros_like(injection), Anderson(tol=1e-3))
    assert found.residual.dtype == found.z.dtype == jnp.float32
    assert found.converged.all()
    assert jnp.median(found.residual) < jnp.finfo(jnp.bfloat16).eps / 4


def test_learns_as_well_as_in_float32() -> None:
    """On average over three runs: a difference of one test digit in 360 is chance."""
    task = classify(load_dataset("digits"))
    single, half = (
        [
            list(fit(build("mlp"), task, replace(HALF, epochs=4, precision=name), seed=seed))[-1].test
            for seed in range(3)
        ]
        for name in ("float32", "bf16")
    )
    assert [test.loss for test in single] != [test.loss for test in half]
    mean = np.mean([test.accuracy for test in half])
    assert mean == pytest.approx(np.mean([test.accuracy for test in single]), abs=0.01)
    assert min(test.converged for test in half) > 0.99


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (replace(HALF, precision="int4"), "choose float32 or bf16"),
        (replace(HALF, solver=Anderson(tol=1e-5)), "cannot solve to tol 1e-05"),
    ],
)
def test_unreachable_settings_are_refused(recipe: Recipe, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_precision(build("mlp"), recipe)


def test_cells_without_layers_are_refused() -> None:
    """A monotone cell's guarantee holds for its exact weights only."""
    rngs = nnx.Rngs(0)
    model = EquilibriumModel(lambda x: x, MonotoneDense(4, rngs=rngs), lambda z: z)
    with pytest.raises(ValueError, match="this cell has none"):
        with_precision(model, HALF)
