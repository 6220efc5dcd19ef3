"""Solves and gradients under JAX's transformations and strictest settings: the same answer, or an error of ours."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from deq import Implicit, Neumann, Phantom, Picard, Solution, equilibrium, solve
from deq.gradients import Gradient
from deq.solvers import Dense, Solver
from tests.conftest import ROOT, with_devices
from tests.gradients.test_gradients import EXACT
from tests.support.cases import few_of
from tests.support.cells import TanhCell
from tests.support.problems import every_solver, jit_solve, typical_solvers

GRADIENTS: dict[str, Gradient] = EXACT | {"neumann": Neumann(), "phantom": Phantom(2), "one step": Phantom()}
QUICKEST = ("gmres", "phantom")  # one of each kind, quick to compile
TIGHT = Picard(tol=1e-10)
X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)
BATCHES = np.stack([X, 2 * X]).astype(np.float64)


class StrictCell(TanhCell):
    """The cell without implicit promotion of ranks, which is not the library's to mend."""

    def __call__(self, z: Array, x: Array) -> Array:
        return jnp.tanh(z @ self.a[...].T + x @ self.b[...] + self.bias[...][None])


def found(x: Array, solver: Solver, trace: int = 0) -> Solution:
    return solve(lambda z: 0.5 * jnp.cos(z) + x, jnp.zeros_like(x), solver, trace=trace)


@typical_solvers
def test_strict_promotion_of_types_and_ranks(solver: Solver) -> None:
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        strict = jax.jit(lambda x: found(x, solver, trace=3))(X)
    np.testing.assert_array_equal(strict.z, jax.jit(lambda x: found(x, solver, trace=3))(X).z)


def total(x: Array, gradient: Gradient) -> Array:
    """A scan over two batches of a checkpointed equilibrium."""

    @jax.checkpoint
    def settled(x: Array) -> Array:
        found = equilibrium(StrictCell(), x, jnp.zeros((4, 5), x.dtype), TIGHT, gradient)
        return jnp.sum(jnp.sin(found.z))

    return jnp.sum(jax.lax.scan(lambda c, x: (c, settled(x)), None, x)[1])


@pytest.fixture(scope="module")
def exact_slopes() -> Array:
    """The gradient of `total` without any of that."""
    with jax.enable_x64(True):

        def plain(x: Array) -> Array:
            return jnp.sum(
                jnp.sin(equilibrium(StrictCell(), x, jnp.zeros((4, 5)), TIGHT, Implicit(Dense())).z)
            )

        return jnp.stack([jax.jit(jax.grad(plain))(x) for x in BATCHES])


@pytest.mark.parametrize("gradient", few_of(GRADIENTS, QUICKEST))
def test_gradients_in_a_scan_under_vmap_with_remat_and_strict_settings(
    gradient: Gradient, exact_slopes: Array
) -> None:
    """One program for each gradient: strict promotion of types and ranks, and an error at the first NaN."""
    strict = jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"), jax.debug_nans(True)
    with jax.enable_x64(True), strict[0], strict[1], strict[2]:
        slopes = jax.jit(jax.vmap(jax.grad(total), (0, None)))(jnp.asarray(BATCHES)[None], gradient)[0]
    exact = gradient in EXACT.values()
    np.testing.assert_allclose(slopes, exact_slopes, rtol=1e-5 if exact else 0.5, atol=1e-6 if exact else 0.5)


@typical_solvers
def test_no_nan_arises_in_a_scan_under_vmap_and_remat(solver: Solver) -> None:
    """A start that is there already, one that is not, and an equilibrium at 0."""
    x = jnp.stack([X, 0 * X])

    def chain(x: Array) -> tuple[Array, Array]:
        def step(z: Array, _: None) -> tuple[Array, Array]:
            again = jax.checkpoint(lambda z: solve(lambda z: 0.5 * jnp.sin(z) + x, z, solver))(z)
            return again.z, again.nfe

        return jax.lax.scan(step, jnp.zeros_like(x), length=2)

    with jax.debug_nans(True):
        z, nfe = jax.block_until_ready(jax.jit(jax.vmap(chain))(x))
    expected = jit_solve(lambda z: 0.5 * jnp.sin(z) + x.reshape(8, 3), jnp.zeros((8, 3)), solver).z
    np.testing.assert_allclose(z.reshape(8, 3), expected, rtol=1e-4, atol=1e-6)
    assert (nfe[:, 1] == 1).all()


@every_solver
def test_differentiating_solve_is_refused_in_both_modes(solver: Solver) -> None:
    """The iterates from a start at the equilibrium would have the derivative 0, in silence."""
    for differentiate in (jax.grad, jax.jacfwd):
        with pytest.raises(ValueError, match=r"deq\.equilibrium"):
            jax.jit(differentiate(lambda x: found(x, solver).z.sum()))(X)
        with pytest.raises(ValueError, match="stop_gradient"):
            jax.jit(differentiate(lambda z0: solve(jnp.cos, z0, solver).residual.sum()))(X)


def test_a_held_solve_may_stand_in_a_differentiated_function() -> None:
    def loss(x: Array) -> Array:
        return jnp.sum(x * found(jax.lax.stop_gradient(x), Picard()).z)

    np.testing.assert_allclose(jax.grad(loss)(jnp.asarray(X)), found(jnp.asarray(X), Picard()).z)


@every_solver
def test_a_budget_below_one_step_returns_the_start_and_the_next_larger_one_takes_a_step(
    solver: Solver,
) -> None:
    z0 = jnp.asarray(X)
    short, enough = (
        jit_solve(jnp.cos, z0, replace(solver, max_nfe=n + solver.calls_per_step)) for n in (0, 1)
    )
    np.testing.assert_array_equal(short.z, z0)
    assert (short.nfe == 1).all()
    assert not short.converged.any()
    assert (enough.nfe > 1).all()
    assert (enough.residual < short.residual).all()


# With the default check of what varies over the mesh; parameters, and a start of constants, vary over no axis.
SHARD_MAP = """
import jax, jax.numpy as jnp, numpy as np
from flax import nnx
from jax.sharding import PartitionSpec as P
from deq import Picard, Probe, equilibrium
from deq.solvers import SOLVERS
from tests.solvers.test_transformations import EXACT, GRADIENTS, X, StrictCell, found

mesh = jax.make_mesh((2,), ("batch",), axis_types=(jax.sharding.AxisType.Auto,))
graphdef, state = nnx.split(StrictCell())

def split(f, *specs, out=P("batch")):
    return jax.jit(jax.shard_map(f, mesh=mesh, in_specs=specs, out_specs=out))

def close(whole, parts):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5), whole, parts)

def refused(go, word):
    try:
        go()
    except ValueError as error:
        assert word in str(error), error
    else:
        raise AssertionError("not refused")

for name, entry in SOLVERS.items():
    def run(x, solver):
        return found(x, solver, trace=2)

    whole, parts = jax.jit(run)(X, entry.default), split(run, P("batch"), P())
    if not entry.default.in_parts:
        refused(lambda: parts(X, entry.default), "Lineax")
        continue
    close(whole, parts(X, entry.default))

def loss(state, x, probe, gradient):
    z0 = jnp.zeros((len(x), 5))
    return jnp.sum(jnp.sin(equilibrium(nnx.merge(graphdef, state), x, z0, Picard(), gradient, probe).z))

derivatives = jax.jit(jax.grad(loss, argnums=(0, 1, 2)))
exact = derivatives(state, X, Probe.zeros(4), GRADIENTS["dense"])[:2]
parts = split(jax.grad(loss, argnums=(0, 1, 2)), P(), P("batch"), P("batch"), P(), out=(P(), P("batch"), P("batch")))
for name, gradient in GRADIENTS.items():
    if name in ("damped Picard", "one step"):  # the same program as others
        continue
    if not gradient.in_parts:
        refused(lambda: parts(state, X, Probe.zeros(4), gradient), "shard_map")
        continue
    whole = exact if name in EXACT else derivatives(state, X, Probe.zeros(4), gradient)[:2]
    close(whole, parts(state, X, Probe.zeros(4), gradient)[:2])
"""


@pytest.mark.long
def test_inside_a_shard_map_that_checks_what_varies() -> None:
    subprocess.run([sys.executable, "-c", SHARD_MAP], cwd=ROOT, env=with_devices(2), check=True, timeout=300)
