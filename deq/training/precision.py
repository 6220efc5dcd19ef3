"""Mixed precision: matrix products in the cell take bfloat16 factors, everything else is float32."""

from __future__ import annotations

import jax.numpy as jnp
from flax import nnx

from deq.cells import Conv
from deq.models import EquilibriumModel
from deq.training.recipes import Recipe

FLOOR = 1e-3  # relative residual that most solves still reach with bfloat16 factors


def with_precision(model: EquilibriumModel, recipe: Recipe) -> EquilibriumModel:
    """A copy of the model that computes in the recipe's precision; parameters stay float32.

    With `bf16` the cell's dense and convolutional layers round both factors to bfloat16 and accumulate in
    float32, as matrix units do. State and residual stay float32: z is rounded only inside a product, so a solve
    can get below the resolution of bfloat16 (4e-3).

    Raises:
        ValueError: an unknown precision, a tolerance that bf16 cannot reach, or a cell without such layers.
    """
    copy = nnx.clone(model)
    if recipe.precision == "float32":
        return copy
    if recipe.precision != "bf16":
        raise ValueError(f"Unknown precision {recipe.precision!r}; choose float32 or bf16.")
    if float(recipe.solver.tol) < FLOOR:
        raise ValueError(
            f"bf16 cannot solve to tol {float(recipe.solver.tol):g}: rounding leaves residuals of up to {FLOOR:g}. "
            "Choose --precision float32, or a larger tolerance."
        )
    layers = [part for _, part in nnx.iter_modules(copy.cell) if isinstance(part, (nnx.Linear, Conv))]
    if not layers:
        raise ValueError(
            "bf16 needs dense or convolutional layers, and this cell has none; choose --precision float32."
        )
    for layer in layers:
        layer.dtype = jnp.bfloat16
        if isinstance(layer, nnx.Linear):  # our Conv already accumulates in float32
            layer.preferred_element_type = jnp.float32
    return copy
