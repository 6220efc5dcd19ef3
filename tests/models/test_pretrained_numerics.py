"""Solvers and gradients on the models that ship, compared with each other and with dense linear algebra."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array

from deq import (
    Anderson,
    Broyden,
    Implicit,
    NewtonKrylov,
    ODEFlow,
    Picard,
    Probe,
    Solution,
    equilibrium,
    load_dataset,
    load_pretrained,
)
from deq.analysis.gradient_error import gradient_error
from deq.gradients import Gradient
from deq.models.checkpoints import picture_readers
from deq.models.inference import encode
from deq.solvers import Dense, Solver
from tests.gradients.test_gradients import EXACT
from tests.support.problems import jit_solve, solve_and_measure

REFERENCE = Anderson(tol=1e-8, max_nfe=200)
OTHERS = {
    "Picard": Picard(tol=1e-8, max_nfe=500),
    "Broyden": Broyden(tol=1e-8, max_nfe=200),
    "Newton-Krylov": NewtonKrylov(tol=1e-8, max_nfe=500),
    "ODE flow": ODEFlow(tol=1e-8, max_nfe=2000),
}
# Two solvers a model, so that each solves two or three of the models: `make test` tries those of `mlp`, `make long` the
# others, `make soak` all solvers on all models.
TRIED = {
    "toy": ("Newton-Krylov", "ODE flow"),
    "blog": ("Broyden", "ODE flow"),
    "mlp": ("Picard", "Newton-Krylov"),
    "monotone": ("Broyden", "ODE flow"),
    "conv": ("Picard", "Broyden"),
    "certified": ("Newton-Krylov", "ODE flow"),
    "certified-0.5": ("Broyden",),
}
NAMES = [
    *picture_readers(),
    "toy",
]  # an equilibrium of a puzzle is an answer, and tests/analysis asks for that
PAIRS = [
    pytest.param(
        model,
        solver,
        marks=[pytest.mark.soak] * (solver not in TRIED[model]) + [pytest.mark.long] * (model != "mlp"),
    )
    for model in NAMES
    for solver in OTHERS
]
FORWARD = Anderson(tol=1e-10, max_nfe=300)
IMPLICIT = {name: gradient for name, gradient in EXACT.items() if isinstance(gradient, Implicit)}

# Nine backward solvers are compiled for each model: one stands for all, `make soak` does all.
MODELS = [pytest.param(name, marks=pytest.mark.long if name == "mlp" else pytest.mark.soak) for name in NAMES]


@cache
def problem(name: str, batch: int) -> tuple[nnx.GraphDef, nnx.State, Array, Array]:
    """A pretrained model's cell in float64, with injection and z0 of real digits, or of numbers for the toy."""
    model = load_pretrained(name).model
    numbers = jnp.linspace(-10, 10, batch)[:, None]
    inputs = numbers if name == "toy" else load_dataset("digits").test_images[:batch]
    injection, z0 = encode(model, inputs)
    graphdef, state = nnx.split(model.cell)
    arrays = state, injection, z0
    return graphdef, *jax.tree.map(lambda v: v.astype(jnp.float64), arrays)


@partial(jax.jit, static_argnums=0)
def differentiate(
    graphdef: nnx.GraphDef, state: nnx.State, x: Array, z_star: Array, gradient: Gradient
) -> tuple[Any, Probe]:
    """The gradient of sum sin z* in the cell's parameters and in x, and the backward solve's report."""

    def loss(state: nnx.State, x: Array, probe: Probe) -> Array:
        cell = nnx.merge(graphdef, state)  # z_star is the start, so that any solver is done at once
        return jnp.sum(jnp.sin(equilibrium(cell, x, z_star, Picard(tol=1e-9), gradient, probe).z))

    *found, report = jax.grad(loss, argnums=(0, 1, 2))(state, x, Probe.zeros(len(x)))
    return found, report


@pytest.mark.parametrize("name", MODELS)
def test_implicit_gradient_is_exact_for_every_backward_solver_that_converges(name: str) -> None:
    with jax.enable_x64(True):
        graphdef, state, x, z0 = problem(name, 2)
        found = jit_solve(lambda z: nnx.merge(graphdef, state, copy=True)(z, x), z0, FORWARD)
        assert found.converged.all()
        cell = graphdef, state, x, found.z
        exact, _ = differentiate(*cell, Implicit(Dense()))
        converged = 0
        for label, gradient in IMPLICIT.items():
            found, report = differentiate(*cell, gradient)
            if report.converged.all():
                converged += 1
                error = gradient_error(found, exact)
                assert error.relative <= 1e-6, label
                assert error.cosine >= 1 - 1e-12, label
        assert converged >= 6


@cache
def find(name: str, solver: Solver) -> tuple[Solution, Array]:
    """The equilibria of four examples, and their residuals measured again."""
    graphdef, state, x, z0 = problem(name, 4)
    return solve_and_measure(lambda z: nnx.merge(graphdef, state, copy=True)(z, x), z0, solver)


@pytest.mark.parametrize(("name", "other"), PAIRS)
def test_solvers_agree_on_the_equilibrium(name: str, other: str) -> None:
    with jax.enable_x64(True):
        reference, _ = find(name, REFERENCE)
        assert reference.converged.mean() >= 0.5
        for solver in (REFERENCE, OTHERS[other]):
            solution, measured = find(name, solver)
            np.testing.assert_allclose(solution.residual, measured, rtol=1e-5, atol=1e-14)
            np.testing.assert_array_equal(solution.converged, solution.residual <= solver.tol)
            both = solution.converged & reference.converged
            largest = float(abs(reference.z).max())
            np.testing.assert_allclose(solution.z[both], reference.z[both], atol=1e-5 * largest)
