"""float32 is float32 in every product on every backend, unless a precision is chosen; then its limit is stated."""

from __future__ import annotations

import re
from functools import partial
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
    Neumann,
    Phantom,
    Picard,
    ThroughODE,
    Unrolled,
    equilibrium,
    solve,
)
from deq.cells import MonotoneDense, ReluCell
from deq.cells.regularizers import jacobian_penalty
from deq.data import load_dataset
from deq.gradients import Gradient
from deq.gradients.spectrum import _arnoldi, _flat_problem, _jacobian
from deq.models import MODELS, EquilibriumModel, build, load_pretrained
from deq.solvers import GMRES, BiCGStab, Dense, Solver, solve_splitting
from deq.solvers.rounding import rounded
from tests.support.cases import long
from tests.support.problems import every_solver
from tests.support.products import precisions

FULL = (jax.lax.Precision.HIGHEST,) * 2


def loss_gradient(solver: Solver, gradient: Gradient, precision: str = "float32") -> tuple[Any, ...]:
    """A function of a cell's parameters and x that solves and differentiates, and its arguments."""
    graphdef, state = nnx.split(ReluCell(4, 0.5, rngs=nnx.Rngs(0)))

    def loss(state: nnx.State, x: Array) -> Array:
        cell = nnx.merge(graphdef, state)
        return jnp.sum(equilibrium(cell, x, jnp.zeros_like(x), solver, gradient, precision=precision).z ** 2)

    return jax.grad(loss), state, jnp.ones((2, 4))


@every_solver
def test_every_product_of_a_solve_is_float32(solver: Solver) -> None:
    found = precisions(*loss_gradient(solver, Implicit(Picard())))
    assert len(found) > 4
    assert set(found) == {FULL}


@pytest.mark.parametrize(
    "gradient",
    [
        *(Implicit(solver) for solver in (Anderson(), Broyden(), GMRES(), BiCGStab(), Dense())),
        *(Neumann(), Phantom(), Unrolled(2), ThroughODE(max_steps=8)),
    ],
    ids=lambda gradient: type(getattr(gradient, "solver", gradient)).__name__,
)
def test_every_product_of_a_gradient_is_float32(gradient: Gradient) -> None:
    assert set(precisions(*loss_gradient(Picard(), gradient))) == {FULL}


@pytest.mark.parametrize("name", MODELS)
def test_every_product_of_a_model_is_float32(name: str) -> None:
    """Encoder, start, cell and head, and their derivatives."""
    graphdef, state = nnx.split(build(name))
    x = jnp.ones({"toy": (2, 1), "prefix": (2, 8, 1), "maze": (2, 5, 5, 6)}.get(name, (2, 28, 28, 1)))

    def loss(state: nnx.State, x: Array) -> Array:
        return jnp.sum(nnx.merge(graphdef, state)(x, Picard(), Implicit(Picard()))[0] ** 2)

    assert set(precisions(jax.grad(loss), state, x)) == {FULL}


def test_every_product_of_a_spectrum_a_penalty_and_a_splitting_is_float32() -> None:
    cell, x = ReluCell(4, 0.5, rngs=nnx.Rngs(0)), jnp.ones((2, 4))
    apply, inputs, z = _flat_problem(cell, x, x)
    assert set(precisions(partial(_jacobian, apply), inputs, z)) == {FULL}
    assert set(precisions(lambda inputs, z: _arnoldi(apply, inputs, z, 3), inputs, z)) == {FULL}
    assert set(precisions(lambda x: jacobian_penalty(cell, x, x, jax.random.key(0)), x)) == {FULL}
    split = MonotoneDense(4, rngs=nnx.Rngs(0)).peaceman_rachford(0.5)
    assert set(precisions(lambda x: solve_splitting(split, x, x, Picard()), x)) == {FULL}


def test_the_compiled_program_keeps_it() -> None:
    """For this machine after XLA's passes, and for a TPU before them."""
    gradient, *arguments = loss_gradient(Anderson(), Implicit(GMRES()))
    program = jax.jit(gradient).trace(*arguments)
    lines = re.findall(r"= \S+ (?:dot|convolution)\(.*", program.lower().compile().as_text())
    assert len(lines) > 4
    assert all("operand_precision={highest,highest}" in line for line in lines)
    products = re.findall(r"stablehlo\.dot_general.*", program.lower(lowering_platforms=("tpu",)).as_text())
    assert len(products) > 4
    assert all("precision = [HIGHEST, HIGHEST]" in line for line in products)


@pytest.mark.parametrize(
    ("precision", "wanted"), [("tf32", jax.lax.Precision.HIGH), ("bf16", jax.lax.Precision.DEFAULT)]
)
def test_a_chosen_precision_holds_in_the_cell_alone(precision: str, wanted: jax.lax.Precision) -> None:
    """Anderson's own sums stay float32."""
    solver = Anderson(tol=1e-2)
    found = precisions(*loss_gradient(solver, Implicit(solver), precision))
    assert set(found) <= {FULL, (wanted, wanted)}
    assert (wanted, wanted) in found
    sums = set(precisions(lambda z: solve(lambda z: z / 2, z, solver), jnp.ones((2, 4))))
    assert sums == {FULL}


@pytest.mark.parametrize(
    ("precision", "solver", "backward", "message"),
    [
        ("int4", Anderson(), Anderson(), "Unknown precision 'int4'; choose from float32, tf32, bf16"),
        (
            "bf16",
            Anderson(tol=1e-5),
            Anderson(tol=1e-2),
            r"bfloat16 reaches .* about 0\.001, not 1e-05",
        ),
        ("bf16", Anderson(tol=1e-2), Anderson(tol=1e-4), r"not 0\.0001.*Choose precision float32"),
        ("tf32", Anderson(tol=1e-5), Anderson(tol=1e-2), r"TF32 reaches .* about 0\.0001"),
    ],
)
def test_what_cannot_be_reached_is_refused(
    precision: str, solver: Solver, backward: Solver, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        equilibrium(
            jnp.add, jnp.ones((1, 2)), jnp.zeros((1, 2)), solver, Implicit(backward), precision=precision
        )


@pytest.fixture(scope="module")
def digits() -> tuple[EquilibriumModel, Array, Array]:
    """The shipped `blog`, and injection and start of 200 digits."""
    model = load_pretrained("blog").model
    injection = model.encode(jnp.asarray(load_dataset("digits").test_images[:200]))
    return model, injection, model.start(injection)


def test_a_traced_tolerance_below_the_limit_ends_early(
    digits: tuple[EquilibriumModel, Array, Array],
) -> None:
    """With rounded factors a solve to 1e-5 takes all 60 calls for most digits; `precision` stops it at its limit."""
    model, injection, z0 = digits

    @jax.jit
    def known(tol: float) -> Any:
        return equilibrium(
            model.cell, injection, z0, Anderson(tol=tol, max_nfe=60), Phantom(), precision="bf16"
        )

    @jax.jit
    def unknown(tol: float) -> Any:
        f = rounded(lambda z: model.cell(z, injection), "bf16")
        return solve(f, z0, Anderson(tol=tol, max_nfe=60))

    early, late, reachable = known(1e-5), unknown(1e-5), known(1e-3)
    assert late.nfe.mean() > 30
    assert late.converged.mean() < 0.5
    assert early.nfe.mean() < 10
    np.testing.assert_array_equal(early.converged, early.residual <= 1e-5)
    assert not early.converged.all()
    np.testing.assert_array_equal(early.nfe, reachable.nfe)
    assert reachable.converged.mean() > 0.99
    assert early.residual.dtype == early.z.dtype == jnp.float32


# Share of 1,000 MNIST test digits that converge within 60 calls, and the mean number of calls, at tol 1e-3, 1e-4, 1e-5.
TABLE = {
    ("mlp", "float32"): [(1.0, 5.1), (1.0, 6.1), (1.0, 7.1)],
    ("mlp", "tf32"): [(1.0, 5.1), (1.0, 6.2), (0.957, 9.9)],
    ("mlp", "bf16"): [(1.0, 5.1), (0.983, 7.6), (0.782, 19.6)],
    ("blog", "tf32"): [(1.0, 4.8), (1.0, 6.4), (0.812, 23.6)],
    ("blog", "bf16"): [(1.0, 5.0), (0.882, 18.4), (0.380, 43.7)],
}


@pytest.mark.parametrize(("name", "precision"), [case if case[0] == "mlp" else long(*case) for case in TABLE])
def test_the_table_of_rounded_factors(name: str, precision: str, mnist_dir: Any) -> None:
    model = load_pretrained(name).model
    injection = model.encode(jnp.asarray(load_dataset("mnist", mnist_dir).test_images[:1000]))
    f = rounded(lambda z: model.cell(z, injection), precision)
    run = jax.jit(lambda z, tol: solve(f, z, Anderson(tol=tol, max_nfe=60)))
    for tol, (share, calls) in zip((1e-3, 1e-4, 1e-5), TABLE[name, precision], strict=True):
        found = run(model.start(injection), tol)
        print(name, precision, tol, float(found.converged.mean()), float(found.nfe.mean()))
        assert float(found.converged.mean()) == pytest.approx(share, abs=0.05)
        assert float(found.nfe.mean()) == pytest.approx(calls, rel=0.1)
