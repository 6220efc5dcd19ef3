"""What the Probe and the Solution report, and how gradients behave when a solve fails."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array

from deq import (
    Anderson,
    Implicit,
    Neumann,
    Phantom,
    Picard,
    Probe,
    ThroughODE,
    Unrolled,
    equilibrium,
)
from deq.gradients import Gradient
from deq.solvers import GMRES, BiCGStab, Dense
from tests.support.cases import long
from tests.support.cells import AffineCell, TanhCell


def inputs(batch: int = 4) -> Array:
    return jnp.asarray(np.random.default_rng(3).normal(size=(batch, 3)), jnp.float32)


FORWARD = Picard(damping=0.05, max_nfe=2000)  # slow, but converges on every cell here, the spiral included


@partial(jax.jit, static_argnums=0)
def _backward(
    graphdef: nnx.GraphDef, state: nnx.State, x: Array, gradient: Gradient, size: Array
) -> tuple[Array, Probe]:
    def weighted(x: Array, probe: Probe) -> Array:
        cell = nnx.merge(graphdef, state)
        z0 = jnp.zeros((len(x), cell.bias.size))
        return jnp.sum(size * equilibrium(cell, x, z0, FORWARD, gradient, probe).z)

    return jax.grad(weighted, argnums=(0, 1))(x, Probe.zeros(len(x)))


def backward(cell: AffineCell, x: Array, gradient: Gradient, size: float = 1.0) -> tuple[Array, Probe]:
    """The gradient in x of size * sum z*, and the probe of the backward solve, under jit."""
    return _backward(*nnx.split(cell), x, gradient, size)


SOLVED = [
    Implicit(Picard(max_nfe=60)),
    Implicit(),
    Implicit(GMRES()),
    Implicit(BiCGStab()),
    Implicit(Dense()),
]


@pytest.mark.parametrize("gradient", SOLVED, ids=str)
def test_probe_reports_the_backward_solve(gradient: Gradient) -> None:
    cell, x = AffineCell(), inputs()
    found, report = backward(cell, x, gradient)
    assert jnp.isfinite(found).all()
    assert report.converged.tolist() == [1, 1, 1, 1]
    assert (report.nfe >= 2).all()
    assert (report.residual <= 1e-5).all()


@pytest.mark.parametrize("gradient", [Phantom(), Neumann(3), Unrolled(3), long(ThroughODE(t1=2.0))], ids=str)
def test_gradients_without_a_backward_solve_never_report_convergence(gradient: Gradient) -> None:
    found, report = backward(AffineCell(), inputs(), gradient)
    assert jnp.isfinite(found).all()
    assert not report.converged.any()
    assert report.nfe.tolist() == [3.0 * isinstance(gradient, Neumann)] * 4


def spiral() -> AffineCell:
    """Eigenvalues 0.5 +- 3i: FORWARD finds the equilibrium, but the Neumann series of the gradient diverges."""
    cell = AffineCell(4, 3)
    turn = jnp.array([[0.5, -3.0], [3.0, 0.5]])
    cell.a[...] = jnp.kron(jnp.eye(2), turn)
    return cell


@pytest.mark.parametrize(
    "gradient",
    [
        Implicit(Picard()),
        Implicit(Anderson(max_nfe=2)),
        Implicit(GMRES(max_steps=1, restart=1)),
        Implicit(BiCGStab(max_steps=1)),
    ],
    ids=str,
)
def test_failed_backward_solve_is_reported_and_finite(gradient: Gradient) -> None:
    found, report = backward(spiral(), inputs(), gradient)
    assert not report.converged.any()
    assert (report.residual > 1e-5).all()
    assert jnp.isfinite(found).all()
    assert (jnp.linalg.norm(found, axis=1) > 0).all()


@pytest.mark.parametrize("gradient", SOLVED, ids=str)
def test_singular_backward_system_gives_no_nan(gradient: Gradient) -> None:
    """df/dz = 1 in one direction: (I - J^T) u = g has no solution there."""
    cell = AffineCell(2, 3)
    cell.a[...] = jnp.diag(jnp.array([1.0, 0.5]))
    cell.b[...] = cell.b[...].at[:, 0].set(0.0)
    cell.bias[...] = jnp.array([0.0, 1.0])
    found, report = backward(cell, inputs(), gradient)
    assert jnp.isfinite(found).all()
    dense = isinstance(gradient, Implicit) and isinstance(gradient.solver, Dense)
    assert not (dense and report.converged.any())


@pytest.mark.parametrize("gradient", [*SOLVED, Neumann(30)], ids=str)
def test_gradients_scale_with_the_cotangent(gradient: Gradient) -> None:
    """Even where squares underflow in float32 (1e-30). A zero cotangent gives zero."""
    unit, _ = backward(TanhCell(), inputs(), gradient)
    for size in (1e-30, 1e-12, 1e12):
        scaled, report = backward(TanhCell(), inputs(), gradient, size)
        np.testing.assert_allclose(scaled / size, unit, rtol=2e-4)
        assert report.converged.all() or isinstance(gradient, Neumann)
    nothing, report = backward(TanhCell(), inputs(), gradient, 0.0)
    np.testing.assert_array_equal(nothing, 0)
    assert report.converged.all() or isinstance(gradient, Neumann)


@pytest.mark.parametrize("gradient", [*SOLVED, Neumann(8)], ids=str)
def test_nan_in_one_sample_does_not_change_the_gradients_of_others(gradient: Gradient) -> None:
    x = inputs().at[2].set(jnp.nan)
    found, report = backward(TanhCell(), x, gradient)
    without, _ = backward(TanhCell(), inputs(), gradient)
    np.testing.assert_allclose(found[jnp.array([0, 1, 3])], without[jnp.array([0, 1, 3])], rtol=1e-4)
    assert not report.converged[2]


@pytest.mark.parametrize("gradient", [Implicit(), Phantom(2), Unrolled(9)], ids=str)
def test_vmap_keeps_values_and_dtype(gradient: Gradient) -> None:
    cell, x = TanhCell(), jnp.stack([inputs(2), 2 * inputs(2)])

    def of_x(x: Array) -> Array:
        return jnp.sum(jnp.sin(equilibrium(cell, x, jnp.zeros((2, 5), x.dtype), Picard(), gradient).z))

    found, alone = jax.jit(jax.vmap(jax.grad(of_x)))(x), jax.jit(jax.grad(of_x))
    np.testing.assert_allclose(found, jnp.stack([alone(row) for row in x]), rtol=1e-4)
    assert found.dtype == jnp.float32


def test_misuse_is_refused() -> None:
    for cell in ("relu", AffineCell):
        with pytest.raises(ValueError, match=r"a function f\(z, x\)"):
            equilibrium(cell, jnp.zeros((1, 1)), jnp.zeros((1, 1)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"float32\[4, 5\]"):
        equilibrium(AffineCell(), inputs(), jnp.zeros((1, 5)))
    with pytest.raises(ValueError, match=r"such as Implicit\(\)"):
        equilibrium(AffineCell(), inputs(), jnp.zeros((1, 4)), gradient=Implicit)  # type: ignore[arg-type]
    for make in (lambda: Phantom(0), lambda: Unrolled(0), lambda: Neumann(-1), lambda: Phantom(1, 0.0)):
        with pytest.raises(ValueError, match="must be"):
            make()


@pytest.mark.parametrize("gradient", [Unrolled(7), ThroughODE(t1=5.0)], ids=str)
def test_gradients_without_a_solver_count_their_calls(gradient: Gradient) -> None:
    calls = []

    class Counted(nnx.Module):
        def __call__(self, z: Array, x: Array) -> Array:
            jax.debug.callback(lambda _: calls.append(1), z[0, 0])
            return 0.5 * jnp.tanh(z) + x

    ones = jnp.ones((2, 3))
    solution = jax.jit(lambda z0: equilibrium(Counted(), ones, z0, gradient=gradient))(0 * ones)
    jax.block_until_ready(solution.z)
    jax.effects_barrier()
    assert solution.nfe.tolist() == [len(calls)] * 2
