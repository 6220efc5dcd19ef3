"""20,000 random solves: no false convergence, no NaN from a finite start, no hang."""

import jax
import numpy as np
import pytest

from tests.soak.conftest import Report
from tests.support.random_solves import SOLVERS, violations

pytestmark = pytest.mark.soak

COUNT, BATCHES = 320, 4  # per solver and precision


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", SOLVERS)
def test_random_solves_are_honest(name: str, dtype: type, report: Report) -> None:
    with jax.enable_x64(True):
        found = [line for seed in range(BATCHES) for line in violations(name, seed, COUNT, dtype)]
    assert not found, "\n".join(found[:20])
    report("inputs tried", BATCHES * COUNT)
