"""The matrix products and convolutions of a traced function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
from jax.extend import core

NAMES = {"dot_general", "conv_general_dilated"}


def precisions(function: Any, *args: Any) -> list[Any]:
    """The precision of each product with a float32 factor: a pair, or None for the backend's own choice."""
    return [
        equation.params["precision"]
        for equation in _equations(jax.make_jaxpr(function)(*args).jaxpr)
        if equation.primitive.name in NAMES and any(v.aval.dtype == "float32" for v in equation.invars)
    ]


def _equations(program: core.Jaxpr) -> Iterator[core.JaxprEqn]:
    for equation in program.eqns:
        yield equation
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=_is_program):
            if _is_program(inner):
                yield from _equations(inner.jaxpr if isinstance(inner, core.ClosedJaxpr) else inner)


def _is_program(value: Any) -> bool:
    return isinstance(value, core.ClosedJaxpr | core.Jaxpr)
