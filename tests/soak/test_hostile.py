"""Thousands of damaged pictures, zips, formulas and weights: each is read or refused quickly, without side effects."""

import time

import numpy as np
import pytest

from tests.images.test_bundle import zipped
from tests.images.test_hostile import WHOLE, damage, read
from tests.soak.conftest import Report
from tests.support.hostile_text import (
    SOUND,
    compile_first,
    read_formula,
    read_weights,
    some_formula,
    some_weights,
)

pytestmark = pytest.mark.soak

FILES, TEXTS = 200, 4000  # of each kind
SLOWEST = 20.0  # seconds for one file on a busy machine


@pytest.mark.parametrize("kind", [*WHOLE, "zip"])
def test_damaged_files(kind: str, report: Report) -> None:
    rng = np.random.default_rng(sum(kind.encode()))
    files = WHOLE | {"zip": zipped({f"{i}.png": data for i, data in enumerate(WHOLE.values())})}
    for _ in range(FILES):
        data, began = damage(files[kind], rng), time.monotonic()
        read(data)
        assert time.monotonic() - began < SLOWEST, data
    report("inputs tried", FILES)


def test_formulas_and_weights(report: Report) -> None:
    compile_first()
    for seed in range(TEXTS):
        read_formula(some_formula(np.random.default_rng(seed)))
        read_weights(some_weights(np.random.default_rng(seed), SOUND))
    report("inputs tried", 2 * TEXTS)
