"""A user's formula in x, a and b, parsed against a whitelist and never run as Python.

The text becomes a small tree that works on NumPy and JAX arrays (jit, grad and vmap included) and has a derivative
in NumPy, so that moving a slider compiles nothing.
"""

import ast
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from deq.maps.expressions import (
    FUNCTIONS,
    OPERATORS,
    VARIABLES,
    Apply,
    Node,
    Number,
    Operation,
    Variable,
    as_function,
    differentiate,
)

MAX_LENGTH = 200
MAX_NESTING = 30
Function = Callable[[Any, Any, Any], Any]
ALLOWED = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+-*/() ")
HINTS = MappingProxyType(
    {
        "^": "Write ** for powers.",
        "=": "Write only the right-hand side, for example a*x*(1 - x).",
        ",": "Use a decimal point; every function takes one argument.",
        "%": "The remainder is not available.",
    }
)


class FormulaError(ValueError):
    """A formula that cannot be parsed; `position` is the index of the offending character."""

    def __init__(self, message: str, text: str = "", position: int = 0):
        super().__init__(message)
        self.text, self.position = text, position

    @property
    def pointer(self) -> str:
        """Two lines: the formula, and a caret under the error."""
        start = max(0, self.position - 40)
        shown = "".join(c if c.isprintable() else " " for c in self.text[start : start + 80])
        return f"{shown}\n{' ' * (self.position - start)}^"


@dataclass(frozen=True)
class Formula:
    """y = formula(x, a, b), elementwise with broadcasting; compared and hashed by its text.

    NumPy in, NumPy out (NaN or inf where the formula is undefined); JAX in, JAX out.
    """

    text: str
    tree: Node = field(compare=False, repr=False)
    variables: frozenset[str] = field(compare=False, repr=False)
    _numpy: Function = field(init=False, compare=False, repr=False)
    _jax: Function = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_numpy", as_function(self.tree, "numpy"))
        object.__setattr__(self, "_jax", as_function(self.tree, "jax"))

    def __call__(self, x: Any, a: Any = 1.0, b: Any = 0.0) -> Any:
        shape = np.broadcast_shapes(np.shape(x), np.shape(a), np.shape(b))
        if any(isinstance(v, jax.Array) for v in (x, a, b)):
            return jnp.broadcast_to(self._jax(x, a, b), shape)
        with np.errstate(all="ignore"):
            return np.broadcast_to(self._numpy(*map(_as_float, (x, a, b))), shape)[()]

    def at_number(self, x: np.float64, a: float, b: float) -> np.float64:
        """f at one number without broadcasting or np.errstate, for loops of thousands of steps.

        NumPy's numbers throughout: Python's own raise on a / 0, and make a complex number of (-1)**0.5.
        """
        return self._numpy(x, np.float64(a), np.float64(b))

    def value_and_slope(self, x: Any, a: Any = 1.0, b: Any = 0.0) -> tuple[Any, Any]:
        """f(x) and df/dx by forward-mode differentiation in NumPy, both of the broadcast shape."""
        shape = np.broadcast_shapes(np.shape(x), np.shape(a), np.shape(b))
        values = {"x": _as_float(x), "a": _as_float(a), "b": _as_float(b)}
        with np.errstate(all="ignore"):
            y, slope = differentiate(self.tree, values)
        return np.broadcast_to(y, shape)[()], np.broadcast_to(0.0 if slope is None else slope, shape)[()]


def _as_float(value: Any) -> Any:
    """A float64 array or scalar; a Python float would raise where NumPy returns inf."""
    return np.asarray(value, float)[()]


def parse_formula(text: str, variables: Collection[str] = tuple(VARIABLES)) -> Formula:
    """Parse a formula in `variables`: numbers, + - * / **, parentheses and `FUNCTIONS`; at most MAX_LENGTH characters.

    Raises FormulaError, a ValueError with the position of the error.
    """
    text = text.strip()
    _check_characters(text, variables)
    try:
        root = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        position = min(error.offset - 1, len(text)) if error.offset else len(text)  # 0: at the end
        raise FormulaError("Syntax error here; write products with *, as in 2*x.", text, position) from None
    reader = _Reader(text, variables)
    return Formula(text, reader.read(root), frozenset(reader.variables))


def _available(variables: Collection[str]) -> str:
    return f"Use numbers, {', '.join(variables)}, + - * / **, parentheses and functions."


def _check_characters(text: str, variables: Collection[str]) -> None:
    """Refuse text that is empty, too long, too deeply nested or not plain ASCII, before Python parses it."""
    if not text:
        raise FormulaError("The formula is empty; write one in x, for example cos(x).", text)
    if len(text) > MAX_LENGTH:
        raise FormulaError(
            f"The formula has more than {MAX_LENGTH} characters; shorten it.", text, MAX_LENGTH
        )
    depth = 0
    for position, character in enumerate(text):
        if character not in ALLOWED:
            hint = HINTS.get(character, _available(variables))
            raise FormulaError(f"{character!r} is not allowed in a formula. {hint}", text, position)
        depth += (character == "(") - (character == ")")
        if depth > MAX_NESTING:
            raise FormulaError(
                f"More than {MAX_NESTING} parentheses are open here; simplify the formula.", text, position
            )


class _Reader:
    """Converts Python's syntax tree into ours, refusing nodes outside the whitelist."""

    def __init__(self, text: str, allowed: Collection[str]):
        self.text, self.allowed = text, allowed
        self.variables: set[str] = set()

    def read(self, node: ast.expr) -> Node:
        if isinstance(node, ast.Constant):
            return self._number(node)
        if isinstance(node, ast.Name):
            return self._variable(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return self._apply(node, OPERATORS[type(node.op)], node.left, node.right)
        if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
            return self._apply(node, OPERATORS[type(node.op)], node.operand)
        raise self._refuse(node, f"This part is not available. {_available(self.allowed)}")

    def _refuse(self, node: ast.expr, message: str) -> FormulaError:
        return FormulaError(message, self.text, node.col_offset)

    def _number(self, node: ast.Constant) -> Number:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise self._refuse(node, "Only real numbers are available.")
        return self._finite(node, float(node.value))

    def _finite(self, node: ast.expr, value: float) -> Number:
        if not np.isfinite(value):
            raise self._refuse(node, f"{ast.get_source_segment(self.text, node)} is not a finite number.")
        return Number(value)

    def _variable(self, node: ast.Name) -> Variable:
        if node.id in FUNCTIONS:
            raise self._refuse(node, f"{node.id} needs an argument in parentheses: {node.id}(x).")
        if node.id not in self.allowed:
            names = ", ".join([*self.allowed, *sorted(FUNCTIONS)])
            raise self._refuse(node, f"Unknown name {node.id!r}; use numbers and {names}.")
        self.variables.add(node.id)
        return Variable(node.id)

    def _call(self, node: ast.Call) -> Node:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS:
            what = f"{name!r} is not a function here" if name else "This is not a function"
            raise self._refuse(
                node, f"{what}; use {', '.join(sorted(FUNCTIONS))}, and * for products, as in a*(x + 1)."
            )
        if len(node.args) != 1 or node.keywords:
            raise self._refuse(node, f"{name} takes one argument: {name}(x).")
        return self._apply(node, FUNCTIONS[name], node.args[0])

    def _apply(self, node: ast.expr, operation: Operation, *arguments: ast.expr) -> Node:
        """Apply an operation; evaluate it now if all arguments are numbers, so that 9**9**9**9 is refused here."""
        read = tuple(self.read(argument) for argument in arguments)
        known = [np.float64(argument.value) for argument in read if isinstance(argument, Number)]
        if len(known) < len(read):
            return Apply(operation, read)
        with np.errstate(all="ignore"):
            return self._finite(node, float(operation.numpy(*known)))
