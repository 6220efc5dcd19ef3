"""Expression trees for formulas: a whitelist of operations for NumPy and JAX, with their derivatives."""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np


@dataclass(frozen=True)
class Operation:
    """A function or operator in NumPy and JAX, and its partial derivatives: (value, *arguments) -> one per argument."""

    numpy: Callable[..., Any]
    jax: Callable[..., Any]
    partials: Callable[..., tuple[Any, ...]]


def _sigmoid(u: Any) -> Any:
    return 0.5 * (1 + np.tanh(0.5 * u))


def _power_partials(value: Any, u: Any, v: Any) -> tuple[Any, Any]:
    return np.where(v == 0, 0.0, v * np.power(u, v - 1)), value * np.log(u)


FUNCTIONS = MappingProxyType(
    {
        "sin": Operation(np.sin, jnp.sin, lambda y, u: (np.cos(u),)),
        "cos": Operation(np.cos, jnp.cos, lambda y, u: (-np.sin(u),)),
        "tan": Operation(np.tan, jnp.tan, lambda y, u: (1 + y * y,)),
        "tanh": Operation(np.tanh, jnp.tanh, lambda y, u: (1 - y * y,)),
        "exp": Operation(np.exp, jnp.exp, lambda y, u: (y,)),
        "log": Operation(np.log, jnp.log, lambda y, u: (np.divide(1.0, u),)),
        "sqrt": Operation(np.sqrt, jnp.sqrt, lambda y, u: (np.divide(0.5, y),)),
        "abs": Operation(np.abs, jnp.abs, lambda y, u: (np.sign(u),)),
        "sigmoid": Operation(_sigmoid, jax.nn.sigmoid, lambda y, u: (y * (1 - y),)),
        "relu": Operation(
            lambda u: np.maximum(u, 0.0), jax.nn.relu, lambda y, u: (np.where(u > 0, 1.0, 0.0),)
        ),
    }
)


def both(function: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The same operator for NumPy and JAX. Not operator.mul and the like: called on arguments unpacked from a tuple,
    NumPy takes large arrays for temporaries and overwrites them (seen in NumPy 2.4)."""
    return function, function


OPERATORS = MappingProxyType(
    {
        ast.Add: Operation(*both(lambda u, v: u + v), lambda y, u, v: (1.0, 1.0)),
        ast.Sub: Operation(*both(lambda u, v: u - v), lambda y, u, v: (1.0, -1.0)),
        ast.Mult: Operation(*both(lambda u, v: u * v), lambda y, u, v: (v, u)),
        ast.Div: Operation(*both(lambda u, v: u / v), lambda y, u, v: (np.divide(1.0, v), -np.divide(y, v))),
        ast.Pow: Operation(*both(lambda u, v: u**v), _power_partials),
        ast.USub: Operation(*both(lambda u: -u), lambda y, u: (-1.0,)),
        ast.UAdd: Operation(*both(lambda u: +u), lambda y, u: (1.0,)),
    }
)


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Variable:
    name: str


@dataclass(frozen=True)
class Apply:
    operation: Operation
    arguments: tuple["Node", ...]


Node = Number | Variable | Apply
VARIABLES = MappingProxyType({"x": lambda x, a, b: x, "a": lambda x, a, b: a, "b": lambda x, a, b: b})


def as_function(node: Node, library: Literal["numpy", "jax"]) -> Callable[[Any, Any, Any], Any]:
    """Compile the tree into nested functions of (x, a, b), so that an orbit need not walk the tree at every step."""
    if isinstance(node, Number):
        value = node.value
        return lambda x, a, b: value
    if isinstance(node, Variable):
        return VARIABLES[node.name]
    operation = getattr(node.operation, library)
    parts = [as_function(argument, library) for argument in node.arguments]
    if len(parts) == 1:
        (u,) = parts
        return lambda x, a, b: operation(u(x, a, b))
    u, v = parts
    return lambda x, a, b: operation(u(x, a, b), v(x, a, b))


def differentiate(node: Node, values: dict[str, Any]) -> tuple[Any, Any]:
    """Value and derivative in x. The derivative is None where x does not occur, not 0, so that the constant exponent
    of x**2 does not multiply log(x)."""
    if isinstance(node, Number):
        return node.value, None
    if isinstance(node, Variable):
        return values[node.name], 1.0 if node.name == "x" else None
    arguments, slopes = zip(*(differentiate(n, values) for n in node.arguments), strict=True)
    y = node.operation.numpy(*arguments)
    if all(slope is None for slope in slopes):
        return y, None
    partials = node.operation.partials(y, *arguments)
    return y, sum(p * s for p, s in zip(partials, slopes, strict=True) if s is not None)
