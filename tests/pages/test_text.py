"""Words come out right for one, many, and very many, and say how an orbit arrives."""

import numpy as np
import pytest

from deq.maps.formula import parse_formula
from deq.maps.scalar import ScalarMap, orbit
from deq.maps.verdicts import judge_orbit
from pages.ui.fixed_points.words import verdict_sentence
from pages.ui.widgets.text import counted, rough, unbroken


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (1200, "1,200 steps")]
)
def test_a_count_agrees_with_its_noun(count: int, said: str) -> None:
    assert counted(count, "step") == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(0.0126, "0.013"), (4.23, "4.2"), (99.4, "99"), (99.7, "100"), (100.0, "100"), (1249.6, "1,250")],
)
def test_two_digits_never_become_an_exponent(number: float, said: str) -> None:
    assert rough(number) == said


@pytest.mark.parametrize(
    ("formula", "start", "said"),
    [
        ("1 + 0*x", 1.0, "x\\* = 1. The start is already a fixed point."),
        ("1 + 0*x", -3.0, "x\\* = 1 (1 step to ten decimals). The limit is reached exactly."),
        ("0.5*x + 1", 0.0, "by 0.5000, as the slope there, 0.5000, predicts."),
    ],
)
def test_how_an_orbit_comes_to_its_limit(formula: str, start: float, said: str) -> None:
    f = ScalarMap(parse_formula(formula))
    xs = np.array(orbit(f, start, 60))
    assert verdict_sentence(judge_orbit(f, start), xs).endswith(said)


def test_no_line_ends_within_a_formula_or_before_its_unit() -> None:
    assert unbroken("99 % of z = f(z) − z, a - b") == "99\u00a0% of z\u00a0=\u00a0f(z)\u00a0−\u00a0z, a - b"
