"""2,000 digits and 1,000 random inputs: no attack of 50 restarts and no random direction gets into a certificate."""

import numpy as np
import pytest

from deq import Anderson, certified_radius, load_pretrained
from deq.analysis.attacks import nearest_changes
from deq.data import at_hand, load_dataset
from deq.models import EquilibriumModel
from deq.models.inference import infer
from tests.soak.conftest import Report

pytestmark = pytest.mark.soak

RESTARTS, DIRECTIONS = 50, 20
ACCURATE = Anderson(tol=1e-5, max_nfe=1000)


def inputs(kind: str) -> np.ndarray:
    if kind == "random":
        return np.random.default_rng(0).uniform(0, 1, (1000, 28, 28, 1)).astype(np.float32)
    found = load_dataset("mnist" if at_hand("mnist") else "digits")
    return np.concatenate([found.test_images, found.train_images])[:2000]


def broken_by_direction(model: EquilibriumModel, x: np.ndarray, radii: np.ndarray, seed: int) -> int:
    """How many change their class in a random direction, just within the radius."""
    x = (x / 255.0 if x.dtype == np.uint8 else x).astype(np.float64)
    d = np.random.default_rng(seed).normal(size=x.shape)
    d *= (0.999 * radii / np.linalg.norm(d.reshape(len(x), -1), axis=1)).reshape(-1, 1, 1, 1)
    before, after = (infer(model, at.astype(np.float32), ACCURATE) for at in (x, x + d))
    return int((before.converged & after.converged & (before.labels != after.labels)).sum())


# looseness: the attack would catch radii this many times too large. On noise it finds nothing nearer than 4.7 radii.
@pytest.mark.parametrize(("kind", "looseness"), [("digits", 4), ("random", 12)])
def test_no_change_within_a_certificate(kind: str, looseness: int, report: Report) -> None:
    model, x = load_pretrained("monotone").model, inputs(kind)
    radii = certified_radius(model, x)
    *_, attack = nearest_changes(model, x, RESTARTS)
    assert (attack.distance >= radii).all()
    assert not sum(broken_by_direction(model, x, radii, seed) for seed in range(DIRECTIONS))
    caught = float((attack.distance < looseness * radii).mean())
    assert caught > 0.1
    report("inputs tried", len(x))
    median = np.median(attack.distance / radii)
    print(f"{kind}: attack over certificate, median {median:.2f}; within {looseness} radii {caught:.1%}")
