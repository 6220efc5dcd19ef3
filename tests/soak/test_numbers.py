"""10,000 random solves: none converges falsely, none turns a finite start into NaN, none hangs."""

import jax
import numpy as np
import pytest

from tests.soak.conftest import Report
from tests.support.random_solves import SOLVERS, violations

pytestmark = pytest.mark.soak

EACH, BATCHES = 320, 2  # for each of 8 solvers in two precisions: 10,240 in all


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", SOLVERS)
def test_random_solves_are_honest(name: str, dtype: type, report: Report) -> None:
    with jax.enable_x64(True):
        found = [line for seed in range(BATCHES) for line in violations(name, seed, EACH, dtype)]
    assert not found, "\n".join(found[:20])
    report("inputs tried", BATCHES * EACH)
