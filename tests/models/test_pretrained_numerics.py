"""Solvers and gradients on the models that ship, held against each other and against dense algebra."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from benchmarks.gradients import errors, implicit, problem
from deq import Anderson, Broyden, NewtonKrylov, ODEFlow, Picard, solve
from deq.models.checkpoints import pretrained_names
from deq.solvers import relative_residual

SOLVERS = (
    Picard(tol=1e-8, max_nfe=500),
    Anderson(tol=1e-8, max_nfe=200),
    Broyden(tol=1e-8, max_nfe=200),
    NewtonKrylov(tol=1e-8, max_nfe=500),
    ODEFlow(tol=1e-8, max_nfe=2000),
)


# Convolutions in float64 compile for half a minute: that model's solves run by `make soak`.
MODELS = [pytest.param(name, marks=[pytest.mark.soak] * (name == "conv")) for name in pretrained_names()]


@pytest.mark.parametrize("name", MODELS)
def test_implicit_gradient_is_exact_for_every_backward_solver_that_converges(name: str) -> None:
    found = errors(name, 2, implicit(1e-9))
    assert sum(row["converged"] == 1 for row in found.values()) >= 6
    for label, row in found.items():
        if row["converged"] == 1:
            assert row["relative error"] <= 1e-6, label
            assert row["cosine"] >= 1 - 1e-12, label


@pytest.mark.parametrize("name", pretrained_names())
def test_solvers_agree_on_the_equilibrium(name: str) -> None:
    with jax.enable_x64(True):
        graphdef, *arrays = problem(name, 4)
        state, x, z0 = jax.tree.map(lambda v: v.astype(jnp.float64), arrays)

        def f(z: jax.Array) -> jax.Array:
            return nnx.merge(graphdef, state, copy=True)(z, x)

        found = [solve(f, z0, solver) for solver in SOLVERS]
        reference = found[1]
        assert reference.converged.mean() >= 0.5
        for solution, solver in zip(found, SOLVERS, strict=True):
            np.testing.assert_allclose(
                solution.residual, relative_residual(solution.z, f(solution.z)), rtol=1e-5, atol=1e-14
            )
            np.testing.assert_array_equal(solution.converged, solution.residual <= solver.tol)
            both = solution.converged & reference.converged
            largest = float(abs(reference.z).max())
            np.testing.assert_allclose(solution.z[both], reference.z[both], atol=1e-5 * largest)
