"""Formulas as LaTeX: the same meaning, with parentheses only where needed."""

import pytest

from deq.maps import PRESETS
from deq.maps.formula import parse_formula
from deq.maps.notation import latex


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
