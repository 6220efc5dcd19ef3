"""Everybody can tell the colours of classes and of solvers apart, on white and on slate."""

from itertools import combinations

import numpy as np
import pytest

from deq.plots.classes import CLASS_LOOKS
from deq.plots.style import DIGIT_COLORS, SOLVER_STYLES, TRAINING, VALIDATION

WHITE, SLATE = "#FFFFFF", "#14181B"  # the backgrounds in .streamlit/config.toml
COLORS = [color for color, _ in CLASS_LOOKS]
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
# How deuteranopes see, in linear RGB: Machado et al. (2009), doi:10.1109/TVCG.2009.113, severity 1.
DEUTERANOPE = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])


def linear(color: str) -> np.ndarray:
    c = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    """Of WCAG 2: 1 to 21."""
    low, high = sorted((TO_XYZ @ linear(color))[1] for color in (a, b))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    t = TO_XYZ @ np.clip(rgb, 0, 1) / np.array([0.9505, 1, 1.089])
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(a: str, b: str, eye: np.ndarray) -> float:
    """The difference of two colours, CIE 1976."""
    return float(np.linalg.norm(lab(eye @ linear(a)) - lab(eye @ linear(b))))


@pytest.mark.parametrize("color", [*COLORS, TRAINING, VALIDATION])
def test_marks_stand_out_by_day_and_by_night_and_are_no_solver_s(color: str) -> None:
    assert min(contrast(color, WHITE), contrast(color, SLATE)) >= 3
    assert min(apart(color, style.color, np.eye(3)) for style in SOLVER_STYLES.values()) >= 10


@pytest.mark.parametrize("eye", [np.eye(3), DEUTERANOPE], ids=["all colours", "deuteranope"])
def test_classes_are_told_apart(eye: np.ndarray) -> None:
    assert min(apart(a, b, eye) for a, b in combinations(COLORS, 2)) >= 10
    assert len({symbol for _, symbol in CLASS_LOOKS}) == len(CLASS_LOOKS)
    assert apart(TRAINING, VALIDATION, eye) >= 10


@pytest.mark.parametrize(
    "color", sorted({style.color for style in SOLVER_STYLES.values()} | set(DIGIT_COLORS))
)
def test_lines_stand_out_by_day_and_by_night(color: str) -> None:
    assert min(contrast(color, WHITE), contrast(color, SLATE)) >= 3


@pytest.mark.parametrize("eye", [np.eye(3), DEUTERANOPE], ids=["all colours", "deuteranope"])
def test_solvers_are_told_apart_by_colour_and_without(eye: np.ndarray) -> None:
    looks = SOLVER_STYLES.values()
    assert min(apart(a.color, b.color, eye) for a, b in combinations(looks, 2)) >= 10
    assert len({(look.dash, look.marker) for look in looks}) == len(looks)
