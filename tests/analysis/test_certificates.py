"""Certificates: no attack changes a class within the radius; what is not known is 0."""

import numpy as np
import pytest
from flax import nnx

from deq import Anderson, Picard, certified_radius, load_pretrained
from deq.analysis.attacks import nearest_changes
from deq.data import load_dataset
from deq.models import CheckpointError, EquilibriumModel, build
from deq.models.affine import affine_parts
from deq.models.inference import infer
from deq.models.weights import model_name, restore_weights, take_weights, weights_of
from deq.models.zoo import monotone

SHIPPED = load_pretrained("monotone").model
DIGITS = load_dataset("digits").test_images[:24]
RANDOM = np.random.default_rng(0).uniform(0, 1, (8, 28, 28, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def radii() -> np.ndarray:
    return certified_radius(SHIPPED, DIGITS)


@pytest.fixture(scope="module")
def attacked() -> np.ndarray:
    """The distance of the nearest change of class found."""
    *_, last = nearest_changes(SHIPPED, DIGITS, restarts=3)
    np.testing.assert_allclose(
        last.distance,
        np.linalg.norm((last.changed - DIGITS / 255.0).reshape(len(DIGITS), -1), axis=1),
        rtol=1e-5,
    )
    assert last.changed.min() >= 0
    assert last.changed.max() <= 1
    assert (last.label != infer(SHIPPED, DIGITS, Anderson(tol=1e-5)).labels).all()
    assert (
        last.label == infer(SHIPPED, last.changed, Anderson(tol=1e-5)).labels
    ).mean() > 0.9  # on the boundary
    return last.distance


def test_no_attack_succeeds_within_the_certificate(radii: np.ndarray, attacked: np.ndarray) -> None:
    assert (radii > 0).all()
    assert (radii < attacked).all()
    assert (attacked < 6 * radii).sum() > 8  # so radii six times as large would be caught


@pytest.mark.long
def test_a_local_certificate_is_larger_and_still_below_the_attack(
    radii: np.ndarray, attacked: np.ndarray
) -> None:
    local = certified_radius(SHIPPED, DIGITS[:6], local=True)
    assert (local >= radii[:6]).all()
    assert np.median(local / radii[:6]) > 1.3
    assert (local < attacked[:6]).all()


@pytest.mark.long
def test_random_inputs_and_directions(radii: np.ndarray) -> None:
    random = np.random.default_rng(1)
    certified = certified_radius(SHIPPED, RANDOM)
    before = infer(SHIPPED, RANDOM, Anderson(tol=1e-5)).labels
    for _ in range(5):
        d = random.normal(size=RANDOM.shape)
        d *= (certified / np.linalg.norm(d.reshape(8, -1), axis=1)).reshape(-1, 1, 1, 1)
        moved = infer(SHIPPED, (RANDOM + d).astype(np.float32), Anderson(tol=1e-5))
        assert ((moved.labels == before) | ~moved.converged).all()


@pytest.mark.long
def test_what_is_not_known_is_zero() -> None:
    assert not certified_radius(build("mlp"), DIGITS[:2]).any()
    assert not certified_radius(SHIPPED, DIGITS[:2], Picard(tol=1e-5, max_nfe=2)).any()
    assert affine_parts(build("conv")) is None
    half = EquilibriumModel(nnx.Sequential(SHIPPED.encoder, np.tanh), SHIPPED.cell, SHIPPED.head)
    assert affine_parts(half) is None


def test_what_a_loose_solve_missed_is_taken_off(radii: np.ndarray) -> None:
    loose = certified_radius(SHIPPED, DIGITS, Anderson(tol=3e-2))
    assert (loose <= radii + 1e-6).all()
    assert (loose < 0.95 * radii).any()


def test_pictures_in_bytes_and_in_unit_range_are_the_same(radii: np.ndarray) -> None:
    np.testing.assert_allclose(
        certified_radius(SHIPPED, (DIGITS / 255.0).astype(np.float32)), radii, rtol=1e-5, atol=1e-6
    )


def test_m_is_part_of_the_weights() -> None:
    """Weights of m = 20 have the shapes of those of m = 1: read as such, their certificate would be false."""
    model = monotone(20.0, rngs=nnx.Rngs(0))
    data = weights_of(model)
    assert model_name(data) == "monotone"
    again = restore_weights("monotone", data)
    assert again.cell.m == 20
    np.testing.assert_array_equal(again.cell.matrix(), model.cell.matrix())
    np.testing.assert_allclose(certified_radius(again, DIGITS[:4]), certified_radius(model, DIGITS[:4]))
    assert restore_weights("monotone", weights_of(SHIPPED)).cell.m == 1
    with pytest.raises(CheckpointError, match="with m = 20; monotone has m = 1"):
        take_weights("monotone", build("monotone"), data)
    with pytest.raises(CheckpointError, match=r"m must be a number from 1e-06 to 1e\+06, not '-3'"):
        restore_weights("monotone", data.replace(b'"20.0"', b'"-3"  '))


@pytest.mark.long
def test_a_large_m_is_certified_by_a_damped_solve() -> None:
    """W has eigenvalues near -19 then, and an undamped solve finds no equilibrium."""
    model = monotone(20.0, rngs=nnx.Rngs(0))
    radii = certified_radius(model, DIGITS[:6])
    assert (radii > 0).sum() >= 4
    assert not certified_radius(model, DIGITS[:6], Picard(tol=1e-5, max_nfe=1000)).any()
    *_, last = nearest_changes(model, DIGITS[:6], restarts=1)
    assert (last.distance > radii).all()
    assert np.isfinite(last.distance).all()
