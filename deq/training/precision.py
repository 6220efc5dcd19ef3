"""Mixed precision: the products in a cell from bfloat16 factors, everything else in float32."""

from __future__ import annotations

import jax.numpy as jnp
from flax import nnx

from deq.cells import Conv
from deq.models import EquilibriumModel
from deq.training.recipes import Recipe

FLOOR = 1e-3  # the relative residual that most solves of a cell with rounded factors still reach


def prepared(model: EquilibriumModel, recipe: Recipe) -> EquilibriumModel:
    """A copy of the model that computes as the recipe says. Its parameters stay float32 in any case.

    With `bf16` the cell's dense and convolutional layers round both factors to bfloat16 and sum in float32,
    as matrix units do. State, residual and the solver's decisions stay float32: z is rounded on its way
    into a product only, so that a solve gets below what bfloat16 itself can tell apart (4e-3).

    Raises:
        ValueError: an unknown precision, a tolerance out of its reach, or a cell without such layers.
    """
    copy = nnx.clone(model)
    if recipe.precision == "float32":
        return copy
    if recipe.precision != "bf16":
        raise ValueError(f"Unknown precision {recipe.precision!r}; choose float32 or bf16.")
    if float(recipe.solver.tol) < FLOOR:
        raise ValueError(
            f"bf16 cannot solve to tol {float(recipe.solver.tol):g}: rounding leaves residuals of up to {FLOOR:g}. "
            "Choose --precision float32, or a looser tolerance."
        )
    layers = [part for _, part in nnx.iter_modules(copy.cell) if isinstance(part, (nnx.Linear, Conv))]
    if not layers:
        raise ValueError("bf16 finds no layer in this cell that it could round; choose --precision float32.")
    for layer in layers:
        layer.dtype = jnp.bfloat16
        if isinstance(layer, nnx.Linear):  # a Conv of ours sums in float32 by itself
            layer.preferred_element_type = jnp.float32
    return copy
