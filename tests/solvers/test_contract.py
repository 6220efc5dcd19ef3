"""What `solve` promises besides the answer: independent samples, traced settings, traces, clear errors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from deq import Anderson, Broyden, NewtonKrylov, ODEFlow, Picard, solve
from deq.solvers import GMRES, BiCGStab, Solver
from tests.conftest import ROOT, with_devices
from tests.support.problems import every_solver, jit_solve, typical_solvers


def some_diverge(z: Array, x: Array) -> Array:
    """tanh(W z) + x, or z^2 + 1, which diverges, where x[0] is 7; x: (batch, 8)."""
    w = jnp.asarray(np.random.default_rng(1).normal(size=(8, 8)) / 4, z.dtype)
    return jnp.where(x[:, :1] == 7, z * z + 1, jnp.tanh(z @ w) + x)


@typical_solvers
def test_each_of_500_samples_is_solved_independently(solver: Solver) -> None:
    with jax.enable_x64(True):
        solver = replace(solver, tol=1e-7, max_nfe=1000)
        x = jnp.asarray(np.random.default_rng(0).normal(size=(500, 8))).at[17, 0].set(7.0)
        run = jax.jit(lambda x: solve(lambda z: some_diverge(z, x), jnp.zeros_like(x), solver))
        together = run(x)
        assert not together.converged[17]
        assert int(together.converged.sum()) == 499
        for row in (0, 16, 17, 499):
            alone = run(jnp.tile(x[row], (500, 1)))  # among copies of itself
            assert abs(int(alone.nfe[0]) - int(together.nfe[row])) <= solver.calls_per_step
            if row != 17:
                np.testing.assert_allclose(together.z[row], alone.z[0], rtol=0, atol=10 * 1e-7)


STARTS = np.array([[0.0], [0.7390851332], [5.0]], np.float32)  # of the cosine; the second is its fixed point


@every_solver
def test_trace_records_the_iterates(solver: Solver) -> None:
    z0 = STARTS
    solution = jax.device_get(jit_solve(jnp.cos, z0, solver, trace=200))
    trace = solution.trace
    assert trace is not None
    assert trace.z.shape == (3, 200, 1)
    for row in range(3):
        kept = np.isfinite(trace.residual[row])
        steps = int(kept.sum())
        assert kept[:steps].all()  # NaN after the end and only there
        np.testing.assert_array_equal(trace.z[row, 0], z0[row])
        assert int(trace.nfe[row, 0]) == 1
        assert (np.diff(trace.nfe[row, :steps]) >= 1).all()
        assert (trace.nfe[row, steps:] == trace.nfe[row, steps - 1]).all()
        assert int(trace.nfe[row, steps - 1]) <= int(solution.nfe[row])
        best = int(np.nanargmin(trace.residual[row]))
        assert trace.residual[row, best] == solution.residual[row]
        np.testing.assert_array_equal(trace.z[row, best], solution.z[row])
    assert np.isfinite(trace.residual[1]).sum() == 1


@typical_solvers
def test_short_trace_keeps_the_first_iterates(solver: Solver) -> None:
    # Not from 5: there a difference in the last bit changes Newton's line search.
    starts = np.array([[0.0], [2.0]], np.float32)
    long, short = (jax.device_get(jit_solve(jnp.cos, starts, solver, trace=n).trace) for n in (200, 2))
    assert long is not None
    assert short is not None
    np.testing.assert_array_equal(short.z, long.z[:, :2])
    np.testing.assert_array_equal(short.residual, long.residual[:, :2])
    np.testing.assert_array_equal(short.nfe, long.nfe[:, :2])


@every_solver
def test_vmap_over_settings_and_problems(solver: Solver) -> None:
    """Real-valued settings and max_nfe are traced, so a slider never recompiles; vmap over a static one would fail."""
    traced = [field.name for field in fields(solver) if isinstance(getattr(solver, field.name), float)]
    values = {name: getattr(solver, name) * jnp.array([1.0, 0.5]) for name in traced}
    settings = replace(solver, max_nfe=jnp.array([60, 100]), **values)
    x = jnp.linspace(0, 1, 12).reshape(2, 2, 3)

    @jax.jit
    def run(x: Array, solver: Solver) -> tuple[Array, Array]:
        solution = solve(lambda z: 0.5 * jnp.cos(z) + x, jnp.zeros((2, 3)), solver)
        return solution.z, solution.nfe

    z, nfe = jax.vmap(run)(x, settings)
    for i in range(2):
        z_one, nfe_one = run(x[i], jax.tree.map(lambda v, i=i: v[i], settings))
        np.testing.assert_allclose(z[i], z_one, rtol=1e-5)
        np.testing.assert_array_equal(nfe[i], nfe_one)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Picard(tol=-1.0), "tol"),
        (lambda: Picard(tol=float("nan")), "tol"),
        (lambda: Picard(max_nfe=0), "max_nfe"),
        (lambda: Picard(damping=0.0), "damping"),
        (lambda: Picard(damping=1.5), "damping"),
        (lambda: Anderson(memory=0), "memory"),
        (lambda: Anderson(memory=2.5), "memory"),  # type: ignore[arg-type]
        (lambda: Anderson(ridge=-1e-3), "ridge"),
        (lambda: Broyden(rank=0), "rank"),
        (lambda: NewtonKrylov(krylov=0), "krylov"),
        (lambda: ODEFlow(step_size=0.0), "step_size"),
        (lambda: ODEFlow(method=diffrax.Tsit5), "method"),  # type: ignore[arg-type]
        (lambda: GMRES(restart=0), "restart"),
        (lambda: BiCGStab(max_steps=0), "max_steps"),
        (lambda: solve(jnp.cos, jnp.zeros(()), Picard()), "batch axis"),
        (lambda: solve(jnp.cos, jnp.zeros((2, 2), int), Picard()), "astype"),
        (lambda: solve(jnp.cos, jnp.zeros((2, 2), complex), Picard()), "floating"),
        (lambda: solve(lambda z: z[:, :1], jnp.zeros((2, 2)), Picard()), r"float32\[2, 1\]"),
        (lambda: solve(lambda z: z.astype(jnp.float16), jnp.zeros((2, 2)), Picard()), "float16"),
        (lambda: solve(lambda z: (z, z), jnp.zeros((2, 2)), Picard()), r"returned \(float32\[2, 2\], "),
        (
            lambda: solve(lambda z: (z, z), (jnp.zeros((2, 2)), jnp.zeros((3, 2)))),
            r"one batch size; got \[2, 3\]",
        ),
        (lambda: solve(lambda z: z, {"a": jnp.zeros(2), "b": jnp.zeros(2, jnp.float16)}), "one dtype"),
        (lambda: solve(lambda z: z, ()), "no arrays"),
        (lambda: solve(jnp.cos, jnp.zeros((2, 2)), Picard(), trace=-1), "trace"),
        (lambda: solve(jnp.cos, jnp.zeros((2, 2)), "picard"), "such as Anderson"),  # type: ignore[arg-type]
        (lambda: solve(jnp.cos, jnp.zeros((2, 2)), Picard), "such as Anderson"),  # type: ignore[arg-type]
        (lambda: Picard(tol="1e-3"), "tol"),  # type: ignore[arg-type]
    ],
)
def test_misuse_says_what_to_do(make: Callable[[], object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make()


def test_single_and_double_precision_in_one_process() -> None:
    run = jax.jit(lambda z0, solver: solve(jnp.cos, z0, solver))
    single = run(jnp.zeros((1, 1)), Anderson())
    with jax.enable_x64(True):
        double = run(jnp.zeros((1, 1), jnp.float64), Anderson(tol=1e-14))
        kept = run(jnp.zeros((1, 1), jnp.float32), Anderson())
        assert double.z.dtype == jnp.float64
        assert abs(float(double.z[0, 0]) - 0.7390851332151607) < 1e-14
    assert single.z.dtype == kept.z.dtype == jnp.float32
    np.testing.assert_allclose(single.z, kept.z, rtol=1e-6)


# In double precision: in float32 a machine's rounding may end one of the two solves a pass earlier.
SHARDED = """
from dataclasses import replace
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from deq import solve
from deq.solvers import SOLVERS

x = jnp.linspace(-1, 1, 64).reshape(16, 4)
w = jnp.asarray(np.random.default_rng(0).normal(size=(4, 4)) / 4)
run = jax.jit(lambda x, solver: solve(lambda z: jnp.tanh(z @ w) + x, jnp.zeros_like(x), solver))
defaults = [replace(entry.default, tol=1e-7) for entry in SOLVERS.values()]
cases = [(AxisType.Auto, s) for s in defaults]
cases += [(AxisType.Explicit, s) for s in defaults if s.in_parts]  # Lineax cannot
for kind, solver in cases:
    mesh = jax.make_mesh((8,), ("batch",), axis_types=(kind,))
    rows = NamedSharding(mesh, PartitionSpec("batch"))
    whole, split = run(x, solver), run(jax.device_put(x, rows), solver)
    assert len(split.z.sharding.device_set) == 8, split.z.sharding
    assert split.converged.all()
    np.testing.assert_allclose(whole.z, split.z, rtol=0, atol=10 * 1e-7)
    assert abs(whole.nfe - split.nfe).max() <= solver.calls_per_step
"""


@pytest.mark.long
def test_batch_split_over_eight_devices() -> None:
    environment = with_devices(8) | {"JAX_ENABLE_X64": "1"}
    subprocess.run([sys.executable, "-c", SHARDED], cwd=ROOT, env=environment, check=True, timeout=300)
