"""Untrusted formulas and weights are read or refused; no code runs and no file is opened."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.hostile_text import (
    HOSTILE_WEIGHTS,
    SOUND,
    compile_first,
    read_formula,
    read_weights,
    some_formula,
    some_weights,
)


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    compile_first()


seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=60, deadline=None, derandomize=True)


@few
@given(seeds)
def test_random_formulas(seed: int) -> None:
    read_formula(some_formula(np.random.default_rng(seed)))


@few
@given(st.text(max_size=220))
def test_any_text_as_a_formula(text: str) -> None:
    read_formula(text)


def test_some_are_formulas() -> None:
    assert read_formula("cos(x) + a*x**2")
    assert any(read_formula(some_formula(np.random.default_rng(seed))) for seed in range(60))


def test_sound_weights_are_read() -> None:
    assert read_weights(SOUND)


@pytest.mark.parametrize("name", HOSTILE_WEIGHTS)
def test_hostile_weights_are_refused(name: str) -> None:
    assert not read_weights(HOSTILE_WEIGHTS[name])


@few
@given(seeds)
def test_damaged_weights(seed: int) -> None:
    read_weights(some_weights(np.random.default_rng(seed), SOUND))
