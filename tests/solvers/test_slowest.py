"""The slowest samples of a large batch are finished by themselves, and nobody can tell from the results."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array
from jax.sharding import AxisType, PartitionSpec

from deq import Picard, equilibrium
from deq.models import EquilibriumModel
from deq.solvers import Solver
from deq.solvers.slowest import LEAST, places_of
from tests.support.cases import long
from tests.support.problems import typical_solvers

BATCH = 4 * LEAST
SLOPES = np.random.default_rng(0).permutation(
    np.concatenate([np.full(100, 0.1), np.linspace(0.5, 0.95, BATCH - 102), [1.3, -1.0]])
)
X = jnp.stack([SLOPES, np.linspace(0.1, 1, BATCH)], axis=1).astype(jnp.float32)


def cell(z: Array, x: Array) -> Array:
    """A contraction of each sample's own slope, two of them none, in two numbers that turn about each other."""
    return x[:, :1] * jnp.tanh(jnp.stack([z[:, 1], -z[:, 0]], axis=1)) + x[:, 1:]


class Plain(nnx.Module):
    """The cell above as a module, for any batch."""

    def __call__(self, z: Array, x: Array) -> Array:
        return cell(z, x)


def solved(solver: Solver, rowwise: bool) -> Any:
    return jax.jit(lambda x: equilibrium(Plain(), x, jnp.zeros((BATCH, 2)), solver, rowwise=rowwise))(X)


@typical_solvers
def test_results_are_the_same(solver: Solver) -> None:
    apart, together = solved(solver, True), solved(solver, False)
    assert 2 < int(together.nfe.min()) < int(together.nfe.max())
    for found, wanted in zip(jax.tree.leaves(apart), jax.tree.leaves(together), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_each_sample_keeps_its_own_settings() -> None:
    tol = jnp.where(jnp.arange(BATCH) % 2 == 0, 1e-2, 1e-5)
    apart, together = solved(Picard(tol=tol), True), solved(Picard(tol=tol), False)
    np.testing.assert_array_equal(apart.nfe, together.nfe)
    np.testing.assert_array_equal(apart.converged, together.converged)


@pytest.mark.parametrize(("easy", "calls"), [long(BATCH, 2), (BATCH - 5, 61), long(10, 61)])
def test_the_rest_is_a_quarter_of_the_batch(easy: int, calls: int) -> None:
    """f sees the whole batch until three quarters are done, and a quarter of it from there on."""
    seen: list[int] = []

    class Counted(nnx.Module):
        def __call__(self, z: Array, x: Array) -> Array:
            jax.debug.callback(lambda: seen.append(len(z)))
            return jnp.where(x == 0, 0.0, z + 1)

    x = jnp.asarray(np.arange(BATCH) >= easy, jnp.float32)[:, None]
    solve = partial(equilibrium, Counted(), solver=Picard(max_nfe=61), rowwise=True)
    found = jax.jit(solve)(x, jnp.ones((BATCH, 1)))
    jax.block_until_ready(found)
    jax.effects_barrier()
    assert (int(found.converged.sum()), int(found.nfe.max())) == (easy, calls)
    assert seen.count(LEAST) == (59 if easy == BATCH - 5 else 0)
    assert seen.count(BATCH) + seen.count(LEAST) == calls


def test_a_plain_function_is_refused() -> None:
    with pytest.raises(ValueError, match="rowwise needs a cell that is an NNX module"):
        equilibrium(cell, X, jnp.zeros((BATCH, 2)), rowwise=True)


def test_places_are_those_of_the_active() -> None:
    active = jnp.zeros(9, bool).at[jnp.asarray([2, 7])].set(True)
    np.testing.assert_array_equal(places_of(active, 4), [2, 7, 0, 0])


class Noisy(nnx.Module):
    """Dropout on z: its mask is drawn for the whole batch."""

    def __init__(self, rate: float) -> None:
        self.dropout = nnx.Dropout(rate, rngs=nnx.Rngs(0))

    def __call__(self, z: Array, x: Array) -> Array:
        return cell(self.dropout(z) / 2, x)


def test_a_cell_with_dropout_keeps_its_mask() -> None:
    model = EquilibriumModel(lambda x: x, Noisy(0.5), lambda z: z)
    found = jax.jit(lambda model, x: model(x, Picard(max_nfe=200))[1])(model, X)
    mask = Noisy(0.5)
    np.testing.assert_allclose(mask(found.z, X)[found.converged], found.z[found.converged], atol=1e-4)


@pytest.mark.long
def test_inside_a_shard_map() -> None:
    """Where loops may not change the mesh axes over which their arrays vary."""
    mesh = jax.make_mesh((1,), ("batch",), axis_types=(AxisType.Auto,))
    model = EquilibriumModel(lambda x: x, Plain(), lambda z: z)
    split = PartitionSpec("batch")
    solve = lambda x: model(x, Picard())[1].z  # noqa: E731
    found = jax.jit(jax.shard_map(solve, mesh=mesh, in_specs=split, out_specs=split))(X)
    np.testing.assert_allclose(found, solve(X), atol=1e-6)
