"""Thousands of bent pictures, zips, formulas and weights: each is read or refused in words."""

import time

import numpy as np
import pytest

from tests.soak.conftest import Report
from tests.test_images_bundle import zipped
from tests.test_images_hostile import WHOLE, bend, read

pytestmark = pytest.mark.soak

FILES = 200  # of each kind
SLOWEST = 20.0  # seconds for one file on a busy machine


@pytest.mark.parametrize("kind", [*WHOLE, "zip"])
def test_bent_files(kind: str, report: Report) -> None:
    rng = np.random.default_rng(sum(kind.encode()))
    whole = (
        zipped({f"{i}.png": data for i, data in enumerate(WHOLE.values())}) if kind == "zip" else WHOLE[kind]
    )
    for _ in range(FILES):
        data, began = bend(whole, rng), time.monotonic()
        read(data)
        assert time.monotonic() - began < SLOWEST, data
    report("inputs tried", FILES)
