"""Formulas: what parses, what is refused and where, and that values and slopes are right in NumPy and JAX."""

import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from deq.maps.formula import MAX_LENGTH, FormulaError, parse_formula
from deq.maps.notation import as_data, latex
from deq.maps.presets import PRESETS
from deq.maps.scalar import ScalarMap, orbit

X = np.linspace(0.2, 2.0, 7)
GOOD = [
    ("cos(x)", lambda x: np.cos(x)),
    ("a*x*(1 - x)", lambda x: 0.7 * x * (1 - x)),
    ("-x**2 + 2**3**2", lambda x: -(x**2) + 512),
    ("x**-1.5 / 2", lambda x: x**-1.5 / 2),
    ("x**x", lambda x: x**x),
    ("tan(x) - tanh(a*x + b)", lambda x: np.tan(x) - np.tanh(0.7 * x + 0.3)),
    ("log(x)*exp(-x)", lambda x: np.log(x) * np.exp(-x)),
    ("sqrt(x) + abs(x - 1)", lambda x: np.sqrt(x) + np.abs(x - 1)),
    ("sigmoid(3*x) * relu(x - 1)", lambda x: np.maximum(x - 1, 0) / (1 + np.exp(-3 * x))),
    ("3", lambda x: np.full_like(x, 3.0)),
    ("+x - 1e-3", lambda x: x - 1e-3),
]
BAD = [  # text, position of the error, part of the message
    ("__import__('os').system('x')", 0, "'_'"),
    ("x.__class__", 2, "'_'"),
    ("x.real", 0, "not available"),
    ("9**9**9**9", 3, "not a finite number"),
    ("x + 1/0", 4, "not a finite number"),
    ("log(-1)", 0, "not a finite number"),
    ("(" * 10_000 + "x" + ")" * 10_000, MAX_LENGTH, "characters"),
    ("(" * 31 + "x" + ")" * 31, 30, "parentheses"),
    ("", 0, "empty"),
    ("   ", 0, "empty"),
    ("cos(х)", 4, "not allowed"),  # Cyrillic x # noqa: RUF001
    ("ｃｏｓ(x)", 0, "not allowed"),  # full-width letters # noqa: RUF001
    ("x − 1", 2, "not allowed"),  # a typographic minus
    ("x^2", 1, r"\*\*"),
    ("y + x", 0, "Unknown name 'y'"),
    ("x + eval(x)", 4, "not a function"),
    ("a(1 - x)", 0, "not a function"),
    ("sin", 0, "sin\\(x\\)"),
    ("sin(x, x)", 5, "one argument"),
    ("sin()", 0, "one argument"),
    ("2x", 0, "Syntax error"),
    ("x +", 3, "Syntax error"),
    ("1j", 0, "real numbers"),
    ("True", 0, "real numbers"),
    ("1e400", 0, "not a finite number"),
    ("x if x else a", 0, "not available"),
    ("x // 2", 0, "not available"),
    ("lambda x", 8, "Syntax error"),
    ("x\n+ 1", 1, "not allowed"),
    ("x\0", 1, "not allowed"),
]


@pytest.mark.parametrize(
    ("text", "expected"), GOOD, ids=lambda value: value if isinstance(value, str) else ""
)
def test_values_in_numpy_and_jax(text, expected):
    f = parse_formula(text)
    np.testing.assert_allclose(f(X, 0.7, 0.3), expected(X), rtol=1e-14)
    np.testing.assert_allclose([f(float(x), 0.7, 0.3) for x in X], expected(X), rtol=1e-14)
    with jax.enable_x64(True):
        np.testing.assert_allclose(jax.jit(f)(jnp.asarray(X), 0.7, 0.3), expected(X), rtol=1e-13)


@pytest.mark.parametrize("text", [text for text, _ in GOOD])
def test_slope_agrees_with_jax(text):
    f = parse_formula(text)
    with jax.enable_x64(True):
        slope = jax.vmap(jax.grad(lambda x: f(x, 0.7, 0.3)))(jnp.asarray(X))
        np.testing.assert_allclose(f.value_and_slope(X, 0.7, 0.3)[1], slope, rtol=1e-12, atol=1e-14)


def test_differentiable_in_the_parameters():
    f = parse_formula("a*tanh(b*x)")
    with jax.enable_x64(True):
        gradient = jax.grad(f, argnums=(1, 2))(jnp.array(0.5), 2.0, 3.0)
    assert gradient[0] == pytest.approx(np.tanh(1.5))
    assert gradient[1] == pytest.approx(2 * 0.5 / np.cosh(1.5) ** 2)


def test_large_arrays_are_not_overwritten():
    """NumPy reuses large arguments it takes for temporaries; the slope needs them after the value."""
    x = np.full((300, 500), 0.6)
    slope = parse_formula("a*x*(1 - x)").value_and_slope(x, 2.5)[1]
    np.testing.assert_allclose(slope, 2.5 * (1 - 1.2), rtol=1e-14)


def test_parameters_broadcast():
    a = np.linspace(1, 2, 5)
    assert parse_formula("a*x")(np.ones((3, 1)), a).shape == (3, 5)
    assert parse_formula("x")(np.ones((3, 1)), a).shape == (3, 5)


@pytest.mark.parametrize(("text", "position", "message"), BAD, ids=lambda value: str(value)[:30])
def test_errors_have_their_position_within_a_second(text, position, message):
    began = time.perf_counter()
    with pytest.raises(FormulaError, match=message) as caught:
        parse_formula(text)
    assert time.perf_counter() - began < 1
    assert caught.value.position == position
    assert caught.value.pointer.splitlines()[1].endswith("^")


def test_undefined_values_are_nan_or_inf_never_an_exception():
    assert np.isnan(parse_formula("log(x)")(-1.0))
    assert np.isinf(parse_formula("1/x")(0.0))
    assert np.isnan(parse_formula("x**0.5")(-2.0))
    assert np.isinf(parse_formula("9**9**x")(9.0))


def test_formulas_of_equal_text_are_equal():
    assert parse_formula(" cos(x)") == parse_formula("cos(x)")
    assert hash(parse_formula("cos(x)")) == hash(parse_formula("cos(x)"))
    assert parse_formula("cos(x)") != parse_formula("sin(x)")
    assert parse_formula("a*x").variables == {"a", "x"}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a*cos(x)", r"a\,\cos\left(x\right)"),
        ("a*x*(1 - x)", r"a\,x\,\left(1 - x\right)"),
        ("(x + a/x)/2", r"\frac{x + \frac{a}{x}}{2}"),
        ("x - (a - b)", r"x - \left(a - b\right)"),
        ("x + 2*3", "x + 6"),
        ("x*2", r"x \cdot 2"),
        ("(x + 1)**2", r"\left(x + 1\right)^{2}"),
        ("(x**2)**a", r"\left(x^{2}\right)^{a}"),
        ("-x**2", "-x^{2}"),
        ("(-x)**2", r"\left(-x\right)^{2}"),
        ("a*-x", r"a\,\left(-x\right)"),
        ("x - (-2)", r"x - \left(-2\right)"),
        ("sigmoid(x) + relu(x)", r"\sigma\left(x\right) + \operatorname{relu}\left(x\right)"),
        ("sqrt(abs(x)) + exp(-x)", r"\sqrt{\left|x\right|} + e^{-x}"),
        ("1e-9*x", r"1 \cdot 10^{-9}\,x"),
        ("+x", "x"),
    ],
)
def test_latex_of_a_formula(text: str, written: str) -> None:
    assert latex(parse_formula(text).tree) == written


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_balanced_latex(name: str) -> None:
    written = latex(parse_formula(PRESETS[name].formula).tree)
    assert written.count("{") == written.count("}")
    assert written.count(r"\left") == written.count(r"\right")


def test_an_orbit_may_divide_by_a_parameter_of_zero_and_take_roots_of_negative_ones():
    """Python's own floats raise there, or become complex."""
    assert np.isposinf(orbit(ScalarMap(parse_formula("x + a/b"), 1.0, 0.0), 0.5, 2)[1])
    assert np.isnan(orbit(ScalarMap(parse_formula("x + a**0.5"), -1.0), 0.5, 2)[1])


def test_a_formula_as_data():
    assert as_data(parse_formula("-a*cos(x) + 2**x").tree) == [
        "+",
        ["*", ["neg", "a"], ["cos", "x"]],
        ["**", 2.0, "x"],
    ]
