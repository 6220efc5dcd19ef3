"""An expression tree as LaTeX, and as plain data for other programs."""

import ast
from typing import Any

from deq.maps.expressions import FUNCTIONS, OPERATORS, Node, Number, Operation, Variable

Plain = float | str | list[Any]  # JSON
SUM, PRODUCT, SIGN, ATOM = range(4)  # precedence: a part below the required one gets parentheses
NAMES = {operation: name for name, operation in FUNCTIONS.items()}
SIGNS = {
    OPERATORS[ast.Add]: "+",
    OPERATORS[ast.Sub]: "-",
    OPERATORS[ast.Mult]: "*",
    OPERATORS[ast.Div]: "/",
    OPERATORS[ast.Pow]: "**",
    OPERATORS[ast.USub]: "neg",
    OPERATORS[ast.UAdd]: "pos",
}
WRITTEN = {"sigmoid": r"\sigma", "relu": r"\operatorname{relu}"}  # the others are LaTeX's own: \cos
AROUND = {"sqrt": r"\sqrt{%s}", "abs": r"\left|%s\right|", "exp": "e^{%s}"}


def latex(node: Node, binding: int = SUM) -> str:
    """The tree as LaTeX: a*cos(x) is a\\,\\cos\\left(x\\right). binding: precedence that needs no parentheses."""
    if isinstance(node, Number):
        text, own = _number(node.value), ATOM if node.value >= 0 else SUM
    elif isinstance(node, Variable):
        text, own = node.name, ATOM
    elif node.operation in NAMES:
        text, own = _function(NAMES[node.operation], latex(node.arguments[0])), ATOM
    else:
        text, own = _operator(node.operation, node.arguments)
    return text if own >= binding else rf"\left({text}\right)"


def _number(value: float) -> str:
    digits, _, exponent = f"{value:g}".partition("e")
    return rf"{digits} \cdot 10^{{{int(exponent)}}}" if exponent else digits


def _function(name: str, argument: str) -> str:
    if name in AROUND:
        return AROUND[name] % argument
    return rf"{WRITTEN.get(name, chr(92) + name)}\left({argument}\right)"


def _operator(operation: Operation, arguments: tuple[Node, ...]) -> tuple[str, int]:
    """An operator with its operands as LaTeX, and its precedence."""
    u, v = arguments[0], arguments[-1]
    if operation is OPERATORS[ast.Add]:
        return f"{latex(u)} + {latex(v, PRODUCT)}", SUM
    if operation is OPERATORS[ast.Sub]:
        return f"{latex(u)} - {latex(v, PRODUCT)}", SUM
    if operation is OPERATORS[ast.Mult]:
        right = latex(v, SIGN)
        times = r" \cdot " if right[0].isdigit() else r"\,"
        return f"{latex(u, PRODUCT)}{times}{right}", PRODUCT
    if operation is OPERATORS[ast.Div]:
        return rf"\frac{{{latex(u)}}}{{{latex(v)}}}", SIGN
    if operation is OPERATORS[ast.Pow]:
        return f"{latex(u, ATOM)}^{{{latex(v)}}}", SIGN
    return (f"-{latex(u, PRODUCT)}" if operation is OPERATORS[ast.USub] else latex(u)), SUM


def as_data(node: Node) -> Plain:
    """The tree as JSON: a number, a variable, or [operation, argument, ...]. a*cos(x) is ["*", "a", ["cos", "x"]]."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Variable):
        return node.name
    return [(NAMES | SIGNS)[node.operation], *map(as_data, node.arguments)]
