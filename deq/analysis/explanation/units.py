"""What goes into the next value of each unit of a state: the cell's equation, read as one convolution."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import singledispatch
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from deq.cells import MonotoneDense, ReluCell, ResidualConvCell, TwoLayerCell
from deq.models import EquilibriumModel
from deq.models.architectures import ACTIVATIONS, DenseCell
from deq.models.inference import encode
from deq.solvers.precision import in_float32
from deq.solvers.pytree import pytree

MOMENTS = 40  # of a solve, at most


class Form(NamedTuple):
    """How an equation reads. activation: a key of ACTIVATIONS. own: whether z_u is added to the activation's argument.

    source: what the terms are made of, z for the state. given, offset, shift: what these numbers are, empty where they
    are 0.
    """

    formula: str
    source: str
    activation: str
    own: bool = False
    given: str = ""
    offset: str = ""
    shift: str = ""


@pytree
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
    """The equations of all units for image (28, 28) uint8 at n <= MOMENTS states; None if the cell has none."""
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


@equations.register
def _described(cell: DenseCell, z: Array, x: Array) -> UnitEquations:
    kernel, bias = _affine(cell.state, z.shape[1])
    entering = z + x if cell.injected is None else z
    u = jnp.zeros_like(bias) if cell.injected is None else cell.injected(x)
    given, shift = (jnp.zeros_like(u), cell.activation(u)) if cell.after else (u, jnp.zeros_like(u))
    total = entering @ kernel + bias + given
    if cell.out is None:
        gain, offset = (1.0, bias) if cell.norm is None else _norm(cell.norm, total, total - bias)
        return _dense(_one_layer(cell), entering, kernel, given, offset, shift, gain)
    hidden = cell.activation(total if cell.norm is None else cell.norm(total)) + shift
    second, constant = _affine(cell.out, hidden.shape[1])
    form = Form("Σ V h + c, where h is the inner layer", "h", "linear", offset="c, the bias")
    return _dense(form, hidden, second, offset=constant)


def _one_layer(cell: DenseCell) -> Form:
    """How the equation of a one-layer cell reads."""
    s = next(name for name, function in ACTIVATIONS.items() if function is cell.activation)
    source = "(z + x)" if cell.injected is None else "z"
    before = cell.injected is not None and not cell.after
    inside = f"Σ W {source} + {'U x + ' if before else ''}b"
    layer = f"{s}({inside})" if cell.norm is None else f"{s}(norm({inside}))"
    return Form(
        f"{layer} + {s}(U x)" if cell.after else layer,
        source,
        s,
        given="U x, from the picture" if before else "",
        offset="b, the bias" if cell.norm is None else "bias and norm",
        shift=f"{s}(U x), from the picture" if cell.after else "",
    )


def _affine(layer: Any, width: int) -> tuple[Array, Array]:
    """Kernel (width, m) and bias (m,) of an affine layer, with or without a bound on its weights."""
    at_zero, *columns = layer(jnp.concatenate([jnp.zeros((1, width)), jnp.eye(width)]))
    return jnp.stack(columns) - at_zero, at_zero


def _norm(norm: nnx.LayerNorm, total: Array, summed: Array) -> tuple[Array, Array]:
    """Gain and offset so that gain summed + offset is the norm of total; all (n, m)."""
    assert norm.scale is not None
    gain = jax.lax.rsqrt(total.var(axis=-1, keepdims=True) + norm.epsilon) * norm.scale[...]
    return gain, norm(total) - gain * summed


def _dense(
    form: Form,
    sources: Array,
    kernel: Array,
    given: Any = 0.0,
    offset: Any = 0.0,
    shift: Any = 0.0,
    gain: Any = 1.0,
) -> UnitEquations:
    """sources: (n, m), kernel: (m, width), given: (1, width); offset, shift, gain: (n, width), or broadcast to it."""
    n, width = len(sources), kernel.shape[1]
    rows = [jnp.broadcast_to(value, (n, width)) for value in (gain, offset, 1.0, shift)]
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
