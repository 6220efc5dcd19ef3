"""Gradients of cells with random state or pytree inputs, and of a batch split over devices."""

from __future__ import annotations

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array

from deq import Anderson, Implicit, Phantom, Picard, Solution, Unrolled, equilibrium
from deq.analysis.gradient_error import gradient_error
from deq.gradients import Gradient
from tests.conftest import ROOT, with_devices
from tests.support.cases import long


def plain_leaves(cell: nnx.Module) -> list[np.ndarray]:
    """All variables of a cell as NumPy arrays, including random keys."""
    leaves = jax.tree.leaves(nnx.state(cell))
    random = [jnp.issubdtype(v.dtype, jax.dtypes.prng_key) for v in leaves]
    return [np.asarray(jax.random.key_data(v) if key else v) for v, key in zip(leaves, random, strict=True)]


class Noisy(nnx.Module):
    """A cell with dropout on z and batch norm on x; a contraction for any mask."""

    def __init__(self) -> None:
        rngs = nnx.Rngs(0)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)
        self.norm = nnx.BatchNorm(6, use_running_average=True, rngs=rngs)

    def __call__(self, z: Array, x: Array) -> Array:
        return 0.2 * jnp.tanh(self.dropout(z)) + self.norm(x)


@pytest.mark.parametrize("gradient", [Implicit(), long(Phantom()), long(Unrolled(20))], ids=str)
def test_dropout_draws_one_mask_per_solve_and_the_cell_does_not_change(gradient: Gradient) -> None:
    cell, x = Noisy(), jax.random.normal(jax.random.key(0), (3, 6))
    before = plain_leaves(cell)

    def find(x: Array, solver: Picard) -> Solution:
        return equilibrium(cell, x, jnp.zeros((3, 6)), solver, gradient)

    solution = jax.jit(find)(x, Picard(tol=1e-6, max_nfe=40))
    assert solution.converged.all()  # it could not if the mask changed between calls
    grad = jax.jit(jax.grad(lambda x: find(x, Picard()).z.sum()))(x)
    assert jnp.isfinite(grad).all()
    for old, new in zip(before, plain_leaves(cell), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_cell_that_changes_its_own_state_is_refused() -> None:
    cell = Noisy()
    cell.norm.use_running_average = False
    with pytest.raises(ValueError, match=r"norm\.mean.*cell\.eval\(\)"):
        equilibrium(cell, jnp.ones((3, 6)), jnp.zeros((3, 6)))


class Table(nnx.Module):
    """A cell whose input is a pytree that contains integers."""

    def __init__(self) -> None:
        self.embed = nnx.Embed(7, 4, rngs=nnx.Rngs(0))

    def __call__(self, z: Array, x: dict[str, Array]) -> Array:
        return 0.5 * jnp.tanh(z + self.embed(x["word"])) * x["gain"][:, None]


def test_inputs_can_be_pytrees_with_integers() -> None:
    x = {"word": jnp.array([1, 5, 6]), "gain": jnp.array([0.5, 1.0, 1.5])}

    def function(cell: Table, x: dict[str, Array], gradient: Gradient) -> Array:
        return jnp.sum(equilibrium(cell, x, jnp.zeros((3, 4)), Anderson(tol=1e-6), gradient).z ** 2)

    found, long = (
        jax.tree.leaves(
            nnx.jit(nnx.grad(lambda cell, gradient=gradient: function(cell, x, gradient)))(Table())
        )
        for gradient in (Implicit(Anderson(tol=1e-6)), Unrolled(60))
    )
    assert gradient_error(found, long).relative < 1e-4


SHARDED = """
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from deq import Implicit, Phantom, Picard, Unrolled
from deq.solvers import GMRES
from deq import equilibrium
from deq.analysis.gradient_error import gradient_error
from tests.support.cells import TanhCell, gradients

x = jnp.asarray(np.random.default_rng(0).normal(size=(16, 3)), jnp.float32)
rows = NamedSharding(jax.make_mesh((8,), ("batch",), axis_types=(AxisType.Auto,)), PartitionSpec("batch"))
for gradient in (Implicit(), Implicit(GMRES()), Phantom(2), Unrolled(5)):
    def loss(cell, x):
        return jnp.sum(jnp.sin(equilibrium(cell, x, jnp.zeros((16, 5)), Picard(), gradient).z))

    whole, split = gradients(loss, TanhCell(), x), gradients(loss, TanhCell(), jax.device_put(x, rows))
    assert len(split[-1].sharding.device_set) == 8
    error = gradient_error(jax.device_get(split), jax.device_get(whole))
    assert error.relative < 1e-4, gradient
"""


@pytest.mark.long
def test_gradients_of_a_batch_split_over_eight_devices() -> None:
    environment = with_devices(8)
    subprocess.run([sys.executable, "-c", SHARDED], cwd=ROOT, env=environment, check=True, timeout=300)
