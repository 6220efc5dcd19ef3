"""What the next value of each unit of a state is made of: the equation of a cell, read as one convolution."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import singledispatch
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from deq.cells import MonotoneDense, ReluCell, ResidualConvCell, TwoLayerCell
from deq.models import EquilibriumModel
from deq.models.inference import encode
from deq.solvers.precision import in_float32

MOMENTS = 40  # of a solve, at most


class Form(NamedTuple):
    """How an equation reads. activation: relu, tanh or linear. own: whether z_u is added to what it is applied to.

    source: z if terms are made of the state, h if of hidden units. given, offset, shift: what these numbers are, empty
    where they are 0.
    """

    formula: str
    source: str
    activation: str
    own: bool = False
    given: str = ""
    offset: str = ""
    shift: str = ""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class UnitEquations:
    """f(z)_u = scale s(gain (sum_j K_uj y_j + x_u) + offset + own z_u) + shift, for each unit u at n states z.

    A unit is a place (row, column) and a channel; a dense state has one place. The sum is a zero-padded convolution.
    sources y: (n, rows, columns, m). kernel K: (k, k, m, channels), k odd. given x: (rows, columns, channels). gain,
    offset, scale, shift: (n, channels).
    """

    form: Form = field(metadata={"static": True})
    sources: Array
    kernel: Array
    given: Array
    gain: Array
    offset: Array
    scale: Array
    shift: Array


def moments(n: int) -> np.ndarray:
    """Which of n iterates to show: all early ones, fewer later ones, and the last; at most MOMENTS."""
    if n <= MOMENTS:
        return np.arange(n)
    return np.unique(np.geomspace(1, n, MOMENTS).round().astype(int)) - 1


def unit_equations(model: EquilibriumModel, image: np.ndarray, states: np.ndarray) -> UnitEquations | None:
    """The equations of all units for image (28, 28) uint8 at states (n, ...), n <= MOMENTS; None for any other cell."""
    if type(model.cell) not in equations.registry:
        return None
    x, _ = encode(model, image[None, ..., None])
    last = np.repeat(states[-1:], MOMENTS - len(states), axis=0)  # one shape, compiled once
    found = jax.device_get(_equations(model.cell, np.concatenate([states, last]), x))
    live = ("sources", "gain", "offset", "scale", "shift")
    return replace(found, **{name: getattr(found, name)[: len(states)] for name in live})


def as_picture(values: Any) -> Any:
    """States (n, ...) as (n, rows, columns, channels); a dense state is one place."""
    return values if values.ndim == 4 else values.reshape(len(values), 1, 1, -1)


@jax.jit
@in_float32
def _equations(cell: Any, z: Array, x: Array) -> UnitEquations:
    return equations(cell, z, x)


@singledispatch
def equations(cell: Any, z: Array, x: Array) -> UnitEquations:
    """The equations of a cell at states z: (n, ...), for one injection x: (1, ...)."""
    raise TypeError(f"The units of a {type(cell).__name__} have no equation here.")


@equations.register
def _relu(cell: ReluCell, z: Array, x: Array) -> UnitEquations:
    shift = "relu(B x), from the picture"
    form = Form("relu(Σ A z) + relu(B x)", "z", "relu", shift=shift)
    return _dense(form, z, cell.state.kernel[...], shift=jax.nn.relu(cell.injection(x)))


@equations.register
def _monotone(cell: MonotoneDense, z: Array, x: Array) -> UnitEquations:
    form = Form("relu(Σ W z + x)", "z", "relu", given="x, from the picture")
    return _dense(form, z, cell.matrix().T, given=x)


@equations.register
def _two_layers(cell: TwoLayerCell, z: Array, x: Array) -> UnitEquations:
    hidden = cell.activation(cell.into(z + x))
    form = Form("Σ V h + b, where h = tanh(W (z + x) + a)", "h", "linear", offset="b, the bias")
    assert cell.out.bias is not None
    return _dense(form, hidden, cell.out.kernel[...], offset=cell.out.bias[...])


def _dense(
    form: Form, sources: Array, kernel: Array, given: Any = 0.0, offset: Any = 0.0, shift: Any = 0.0
) -> UnitEquations:
    """sources: (n, m), kernel: (m, width), given: (1, width), offset and shift: (n, width), or broadcast to it."""
    n, width = len(sources), kernel.shape[1]
    rows = [jnp.broadcast_to(value, (n, width)) for value in (1.0, offset, 1.0, shift)]
    return UnitEquations(
        form,
        as_picture(sources),
        kernel[None, None],
        jnp.broadcast_to(given, (1, width))[None],
        *rows,
    )


@equations.register
def _residual_conv(cell: ResidualConvCell, z: Array, x: Array) -> UnitEquations:
    inner, added, outer = cell.norms
    hidden = inner(jax.nn.relu(cell.into(z)))
    total = x + cell.out(hidden)
    gain, offset = added.affine(total)
    now = jax.nn.relu(z + total * gain[:, None, None] + offset[:, None, None])
    formula = "n₃(relu(z + n₂(x + Σ C h))), where n are norms and h = n₁(relu(D z))"
    words = {"given": "n₂ of x, from the picture", "offset": "shift of n₂", "shift": "shift of n₃"}
    form = Form(formula, "h", "relu", True, **words)
    return UnitEquations(form, hidden, cell.out.kernel[...], x[0], gain, offset, *outer.affine(now))
