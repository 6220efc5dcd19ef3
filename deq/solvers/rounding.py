"""Matrix products and convolutions with rounded factors and float32 sums, as a matrix unit computes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax import Array
from jax.extend import core

# A program with its constants. JAX 0.12 has one kind of program and keeps this name for it, but does not declare it.
ClosedJaxpr: Any = vars(core)["ClosedJaxpr"]
R = TypeVar("R")
Values = list[Any]

PRODUCTS = {"dot_general", "conv_general_dilated"}
LOOPS = {"scan", "while", "cond", "checkpoint", "remat2"}  # primitives that run their own programs


def rounded(function: Callable[..., R], precision: str) -> Callable[..., R]:
    """The function with the factors of its float32 products rounded to `precision`; the same function for float32.

    tf32: to 10 bits of mantissa, and a GPU multiplies them in TF32. bf16: to bfloat16, on any backend. Sums and
    everything else are float32: a state is rounded only inside a product. The factors are rounded in the program, so
    that a CPU computes what an accelerator does, up to the order of sums. Products of other dtypes stay as they are.
    Derivatives are those of the rounded products, by the function's own rules where it has any (custom_jvp); functions
    with a custom_vjp are not rounded.

    The function takes and returns pytrees of arrays; it may close over traced ones.
    """
    if precision == "float32":
        return function

    def with_rounded(*args: Any) -> R:
        leaves, tree = jax.tree.flatten(args)
        program, shape = jax.make_jaxpr(
            lambda *leaves: function(*jax.tree.unflatten(tree, leaves)), return_shape=True
        )(*leaves)
        results = _evaluate(precision, program, *leaves)
        return jax.tree.unflatten(jax.tree.structure(shape), results)

    return with_rounded


def _evaluate(precision: str, program: Any, *args: Any) -> Values:
    """The program's results, its float32 products rounded."""
    known = dict(zip(program.jaxpr.constvars, program.consts, strict=True))
    known |= zip(program.jaxpr.invars, args, strict=True)

    def value(atom: Any) -> Any:
        return atom.val if isinstance(atom, core.Literal) else known[atom]

    for equation in program.jaxpr.eqns:
        results = _apply(precision, equation, [value(atom) for atom in equation.invars])
        known |= zip(equation.outvars, results, strict=True)
    return [value(atom) for atom in program.jaxpr.outvars]


def _apply(precision: str, equation: core.JaxprEqn, args: Values) -> Values:
    """The results of one equation."""
    name, parameters = equation.primitive.name, equation.params
    if name in PRODUCTS and all(jnp.result_type(arg) == jnp.float32 for arg in args):
        return [_product(partial(equation.primitive.bind, **parameters), precision, *args)]
    if name == "jit":
        return _evaluate(precision, parameters["jaxpr"], *args)
    if name == "custom_jvp_call":
        return _with_rule(precision, equation)(*args)
    if name in LOOPS:
        equation = equation.replace(params=_rounded_inside(precision, parameters))
    return _run(equation, args)


def _run(equation: core.JaxprEqn, args: Sequence[Any]) -> Values:
    """The equation's results, as a separate program: some primitives need more than `bind`."""
    given = [
        (atom, arg) for atom, arg in zip(equation.invars, args, strict=True) if isinstance(atom, core.Var)
    ]
    alone = core.Jaxpr((), [atom for atom, _ in given], equation.outvars, [equation], equation.effects)
    return core.jaxpr_as_fun(ClosedJaxpr(alone, ()))(*(arg for _, arg in given))


def _rounded_inside(precision: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """An equation's parameters, with the programs among them (bodies of loops and branches) rounded."""

    def inner(parameter: Any) -> Any:
        if isinstance(parameter, ClosedJaxpr):
            return jax.make_jaxpr(partial(_evaluate, precision, parameter))(*parameter.in_avals)
        if isinstance(parameter, core.Jaxpr):
            return inner(ClosedJaxpr(parameter, ())).jaxpr
        return parameter

    def is_program(leaf: Any) -> bool:
        return isinstance(leaf, ClosedJaxpr | core.Jaxpr)

    return {name: jax.tree.map(inner, value, is_leaf=is_program) for name, value in parameters.items()}


def _with_rule(precision: str, equation: core.JaxprEqn) -> Callable[..., Values]:
    """A function with its own derivative, both rounded."""

    def plain(*args: Any) -> Values:
        return _run(equation, args)

    @jax.custom_jvp
    def function(*args: Any) -> Values:
        return _evaluate(precision, equation.params["call_jaxpr"], *args)

    @function.defjvp
    def rule(primals: Values, tangents: Values) -> tuple[Values, Values]:
        return rounded(partial(jax.jvp, plain), precision)(primals, tangents)

    return function


def _product(multiply: Callable[..., Array], precision: str, x: Array, y: Array) -> Array:
    if precision == "tf32":
        x, y = (jax.lax.reduce_precision(v, exponent_bits=8, mantissa_bits=10) for v in (x, y))
        return multiply(x, y, precision=(jax.lax.Precision.HIGH,) * 2)
    x, y = x.astype(jnp.bfloat16), y.astype(jnp.bfloat16)
    # At the lowest precision, so that a matrix unit also takes the transposed product, whose cotangent is float32.
    least = (jax.lax.Precision.DEFAULT,) * 2
    return multiply(x, y, precision=least, preferred_element_type=jnp.dtype(jnp.float32))
