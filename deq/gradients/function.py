"""A cell as a pure function of everything that its equilibrium depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
from flax import nnx
from jax import Array

from deq.solvers.rounding import rounded
from deq.solvers.state import Layout

Cell = Callable[[Any, Any], Any]  # f(z, x): an NNX module, or any other callable
Inputs = tuple[Any, Any]  # the cell's variables and x

CHANGED = (
    "The cell changes its own state ({}) when it is called, and a solve calls it many times: the change would be lost. "
    "Switch it to inference with cell.eval(), or normalise within a sample (LayerNorm, GroupNorm). Batch normalisation "
    "works in a model's encoder and head."
)


@dataclass(frozen=True)
class Apply:
    """The cell as a function of (variables, x) and z, where z is one array (see `Layout`).

    Hashable, so that it is traced once, not on every call.
    """

    function: Callable[[Any, Any, Any], Any]  # variables, z, x
    layout: Layout
    precision: str = "float32"
    rowwise: bool = False  # whether all arrays of x have the batch as their first axis

    def __call__(self, inputs: Inputs, z: Array) -> Array:
        variables, x = inputs
        function = rounded(self.function, self.precision)
        return self.layout.join(function(variables, self.layout.split(z), x))

    def rows(self, inputs: Inputs, places: Array) -> Inputs:
        """The inputs of some of the samples."""
        variables, x = inputs
        return variables, jax.tree.map(lambda v: v[places], x)


@dataclass(frozen=True)
class ModuleFunction:
    """An NNX module as a function of its variables."""

    graphdef: nnx.GraphDef

    def __call__(self, variables: nnx.State, z: Any, x: Any) -> Any:
        # copy=True: the solver's loop must not update the cell's variables. Dropout draws one mask for the whole solve.
        cell = nnx.merge(self.graphdef, variables, copy=True)
        result = cell(z, x)
        _refuse_changes(variables, nnx.state(cell))
        return result


def _refuse_changes(before: nnx.State, after: nnx.State) -> None:
    """Raise ValueError if the call has replaced a variable's array.

    Two changes are allowed: counts of random draws, and parameters, because WeightNorm recomputes its kernel each time.
    """
    old = dict(nnx.to_flat_state(before))
    for path, variable in nnx.to_flat_state(after):
        if not isinstance(variable, nnx.RngState | nnx.Param) and variable[...] is not old[path][...]:
            raise ValueError(CHANGED.format(".".join(map(str, path))))


def pure(cell: Cell, x: Any, z0: Any) -> tuple[Callable[[Any, Any, Any], Any], Any]:
    """The cell as a function (variables, z, x) -> f(z, x), and its variables.

    For an NNX module these are its own; for any other callable, the traced arrays that it holds or closes over. Raises
    ValueError if the cell cannot be called.
    """
    if isinstance(cell, nnx.Module):
        graphdef, variables = nnx.split(cell)
        return ModuleFunction(graphdef), variables
    if isinstance(cell, type) or not callable(cell):
        raise ValueError(f"cell must be a module or a function f(z, x); got {cell!r}.")
    # Not the cell itself, which may not be hashable.
    function, held = jax.closure_convert(lambda z, x: cell(z, x), z0, x)
    return lambda held, z, x: function(z, x, *held), held
