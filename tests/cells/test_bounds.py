"""Lipschitz bounds of monotone models hold, are tight where they can be, and beat the product of norms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from deq.cells.bounds import Affine, lipschitz_bounds
from tests.support.cases import long

pytestmark = pytest.mark.usefixtures("double_precision")

N, INPUTS, CLASSES, M = 10, 7, 3, 0.6
bounds_of = jax.jit(lipschitz_bounds)  # one program, where each operation would be compiled alone


def example(seed: int, skew: float = 1.0) -> tuple[Affine, np.ndarray]:
    """A random monotone model with I - W >= M I, and its b."""
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(2, N, N)) / 4
    w = (1 - M) * np.eye(N) - a.T @ a + skew * (b - b.T)
    u, c = random.normal(size=(N, INPUTS)), random.normal(size=(CLASSES, N))
    return Affine(*map(jnp.asarray, (w, u, c))), random.normal(size=N)


def equilibria(model: Affine, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    """z* = relu(W z* + U x + b), by the flow in small steps: (batch, n) for x (batch, inputs)."""
    w, injection = np.asarray(model.w), x @ np.asarray(model.u).T + b
    z = np.zeros((len(x), N))
    step = M / np.linalg.norm(np.eye(N) - w, 2) ** 2  # contracts by forward-backward splitting
    for _ in range(4000):
        z = np.maximum(z - step * (z - z @ w.T - injection), 0)
    assert np.abs(np.maximum(z @ w.T + injection, 0) - z).max() < 1e-9
    return z


def rates(model: Affine, b: np.ndarray, x: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How fast logit differences (batch, classes, classes) and units (batch, n) change from x to x + d."""
    before, after = equilibria(model, b, x), equilibria(model, b, x + d)
    size = np.linalg.norm(d, axis=1)
    y = (after - before) @ np.asarray(model.c).T
    units = (after - before) @ np.asarray(model.w).T + d @ np.asarray(model.u).T
    return np.abs(y[:, :, None] - y[:, None]) / size[:, None, None], np.abs(units) / size[:, None]


@pytest.mark.parametrize("seed", [0, *map(long, (1, 2, 3))])
@pytest.mark.parametrize("skew", [0.0, 3.0])
def test_no_change_is_faster_than_the_bound_and_the_product_of_norms_is_looser(
    seed: int, skew: float
) -> None:
    model, b = example(seed, skew)
    random = np.random.default_rng(seed + 100)
    x = random.normal(size=(600, INPUTS)) * 3
    d = random.normal(size=x.shape) * np.exp(random.normal(size=(len(x), 1)) * 2)
    bounds = bounds_of(model)
    logits, units = rates(model, b, x, d)
    assert (logits <= np.asarray(bounds.logits) + 1e-8).all()
    assert (units <= np.asarray(bounds.units) + 1e-8).all()
    c = np.asarray(model.c)
    product = np.linalg.norm(c[:, None] - c, axis=-1) * np.linalg.norm(model.u, 2) / M
    assert (np.asarray(bounds.logits) <= product + 1e-9).all()
    assert logits.max(axis=0)[0, 1] > 0.2 * bounds.logits[0, 1]  # a bound five times as small would be caught


def test_with_every_unit_held_the_bound_is_the_norm_of_the_derivative() -> None:
    model, _ = example(1)
    on = np.arange(N) % 3 > 0
    bounds = bounds_of(model, jnp.asarray(on), jnp.asarray(~on))
    w, u, c = map(np.asarray, model)
    slope = np.linalg.solve(np.eye(N) - on[:, None] * w, on[:, None] * u)
    exact = np.linalg.norm((c[:, None] - c) @ slope, axis=-1)
    np.testing.assert_allclose(bounds.logits, exact, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(bounds.units, np.linalg.norm(w @ slope + u, axis=1), rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_bounds_with_some_units_held_hold_where_they_are(seed: int) -> None:
    """Between inputs whose units all have the signs that are held."""
    model, b = example(seed)
    random = np.random.default_rng(seed)
    x = np.repeat(random.normal(size=(1, INPUTS)), 400, axis=0)
    d = random.normal(size=x.shape) * np.exp(random.normal(size=(len(x), 1)))
    w, u = np.asarray(model.w), np.asarray(model.u)
    before, after = (equilibria(model, b, at) @ w.T + at @ u.T + b for at in (x, x + d))
    held = np.arange(N) < 6
    on, off = held & (before[0] > 0), held & (before[0] < 0)
    same = ((after > 0) == (before > 0))[:, held].all(axis=1)
    assert same.sum() > 20
    bounds = bounds_of(model, jnp.asarray(on), jnp.asarray(off))
    logits, units = rates(model, b, x[same], d[same])
    assert (logits <= np.asarray(bounds.logits) + 1e-8).all()
    assert (units <= np.asarray(bounds.units) + 1e-8).all()
    assert (np.asarray(bounds.logits) <= np.asarray(bounds_of(model).logits) + 1e-9).all()


def test_the_bound_has_a_finite_slope() -> None:
    """Training lowers it; the diagonal, where nothing differs, must not give NaN."""
    model, _ = example(0)
    slope = jax.jit(jax.grad(lambda model: bounds_of(model).logits.sum()))(model)
    assert all(np.isfinite(leaf).all() for leaf in slope)
    exact = jax.jit(jax.grad(lambda w: bounds_of(model._replace(w=w)).logits[0, 1]))(model.w)
    moved = model.w.at[2, 3].add(1e-6)
    found = (bounds_of(model._replace(w=moved)).logits - bounds_of(model).logits)[0, 1] / 1e-6
    np.testing.assert_allclose(found, exact[2, 3], rtol=1e-3, atol=1e-6)
