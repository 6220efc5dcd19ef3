"""Training with rounded factors in the cell; states, sums, residuals and parameters stay float32."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from deq.data import classify, load_dataset
from deq.devices import mesh_here
from deq.gradients import Implicit
from deq.models import build
from deq.solvers import Anderson
from deq.training import fit
from deq.training.fitting import with_precision
from deq.training.order import order_of
from deq.training.recipes import DENSE, RECIPES, Recipe
from deq.training.state import split_model, start_state
from deq.training.step import Program, run_steps
from tests.support.cases import long
from tests.support.products import precisions

HALF = replace(DENSE, precision="bf16", batch_size=64)
LEAST, FULL = ((one,) * 2 for one in (jax.lax.Precision.DEFAULT, jax.lax.Precision.HIGHEST))


@pytest.mark.long
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


def products_of_a_step(name: str, recipe: Recipe) -> set[object]:
    """The precisions of all products in a training step: encoder, solve, gradient, penalty, augmentation."""
    model, task = with_precision(build(name), recipe), classify(load_dataset("digits"))
    graphdef, _, rest, _ = split_model(model)
    program, order = Program(graphdef, task.loss, recipe, mesh_here(1)), order_of(len(task.train.y), 64, 0, 0)
    state = start_state(model, recipe)
    return set(precisions(lambda state: run_steps(program, state, rest, task.train, order, 0, 9, 1), state))


@pytest.mark.parametrize("name", ["mlp", long("conv")])
def test_every_product_of_a_step_is_float32_unless_chosen(name: str) -> None:
    recipe = replace(RECIPES[name], batch_size=64)
    assert products_of_a_step(name, recipe) == {FULL}
    assert products_of_a_step(name, replace(recipe, precision="bf16")) == {FULL, LEAST}


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (replace(HALF, solver=Anderson(tol=1e-5)), r"about 0\.001, not 1e-05"),
        (replace(HALF, gradient=Implicit()), "the gradient's solver"),
    ],
)
def test_unreachable_settings_are_refused(recipe: Recipe, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_precision(build("mlp"), recipe)
