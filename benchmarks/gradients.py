"""Every gradient on pretrained models: error, angle, time, memory. python -m benchmarks.gradients [--json]

The exact gradient is Implicit(Dense()) in float64: an LU of each sample's I - J^T. Errors are of the
gradient in all parameters of the cell and in its injection, in float64 at tol 1e-9; time and memory (the
largest temporary allocation that XLA plans) of value and gradient, in float32 at tol 1e-5.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from benchmarks.timing import arguments, milliseconds, report
from deq import (
    Anderson,
    Broyden,
    Implicit,
    Neumann,
    NewtonKrylov,
    ODEFlow,
    Phantom,
    Picard,
    Probe,
    ThroughODE,
    Unrolled,
    equilibrium,
    load_dataset,
    load_pretrained,
)
from deq.analysis.gradient_error import gradient_error
from deq.gradients import Gradient
from deq.models.checkpoints import pretrained_names
from deq.solvers import GMRES, BiCGStab, Dense


def implicit(tol: float) -> dict[str, Gradient]:
    """The implicit gradient by every backward solver, at tol."""
    return {
        "implicit, Picard": Implicit(Picard(tol=tol, max_nfe=300)),
        "implicit, Anderson": Implicit(Anderson(tol=tol, max_nfe=300)),
        "implicit, Broyden": Implicit(Broyden(tol=tol, max_nfe=300)),
        "implicit, Newton": Implicit(NewtonKrylov(tol=tol, max_nfe=300)),
        "implicit, ODE": Implicit(ODEFlow(tol=tol, max_nfe=2000)),
        "implicit, GMRES": Implicit(GMRES(tol=tol)),
        "implicit, BiCGStab": Implicit(BiCGStab(tol=tol)),
        "implicit, dense": Implicit(Dense(tol=tol)),
    }


def others(tol: float) -> dict[str, Gradient]:
    """Gradients without a backward solve."""
    return {
        "Neumann, 5": Neumann(5),
        "phantom, 1 (JFB)": Phantom(1),
        "phantom, 5 at 0.5": Phantom(5, 0.5),
        "unrolled, 30": Unrolled(30),
        "through the ODE": ThroughODE(t1=20.0, tol=tol),
    }


@partial(jax.jit, static_argnums=(0, 5))
def derive(
    graphdef: nnx.GraphDef, state: nnx.State, x: Array, z0: Array, gradient: Gradient, tol: float
) -> tuple[tuple[nnx.State, Array], Probe]:
    """The gradient of sum sin z* in the cell's state and in x, and the backward solve's report."""

    def loss(state: nnx.State, x: Array, probe: Probe) -> Array:
        cell = nnx.merge(graphdef, state)
        solver = Anderson(tol=0.1 * tol, max_nfe=300)
        return jnp.sum(jnp.sin(equilibrium(cell, x, z0, solver, gradient, probe).z))

    state, x, report = jax.grad(loss, argnums=(0, 1, 2))(state, x, Probe.zeros(len(x)))
    return (state, x), report


def problem(name: str, batch: int) -> tuple[nnx.GraphDef, nnx.State, Array, Array]:
    """A pretrained model's cell, with injections and starts for `batch` real digits, or numbers for the toy."""
    model = load_pretrained(name).model
    numbers = jnp.linspace(-10, 10, batch)[:, None]
    injection = model.encode(numbers if name == "toy" else load_dataset("digits").test_images[:batch])
    return *nnx.split(model.cell), injection, model.start(injection)


def errors(name: str, batch: int, gradients: dict[str, Gradient]) -> dict[str, dict[str, Any]]:
    """Each gradient's relative error, cosine and the backward solve's report, in float64."""
    with jax.enable_x64(True):
        graphdef, *arrays = problem(name, batch)
        wide = jax.tree.map(lambda v: v.astype(jnp.float64), arrays)
        exact, _ = derive(graphdef, *wide, Implicit(Dense()), 1e-9)
        found = {}
        for label, gradient in gradients.items():
            value, backward = derive(graphdef, *wide, gradient, 1e-9)
            error = gradient_error(value, exact)
            found[label] = {
                "relative error": error.relative,
                "cosine": error.cosine,
                "products": float(backward.nfe.mean()),
                "converged": float(backward.converged.mean()),
            }
    return found


def rows(repeat: int) -> Iterator[dict[str, Any]]:
    """One row a model and gradient."""
    for name in pretrained_names():
        measured = errors(name, 8, implicit(1e-9) | others(1e-9))
        problem_32 = problem(name, 128)
        for label, gradient in (implicit(1e-5) | others(1e-5)).items():
            compiled = derive.lower(*problem_32, gradient, 1e-5).compile()
            memory = compiled.memory_analysis().temp_size_in_bytes / 2**20
            time, spread = milliseconds(lambda g=gradient, p=problem_32: derive(*p, g, 1e-5), repeat)
            yield {
                "model": name,
                "gradient": label,
                **measured[label],
                "ms": time,
                "+-": spread,
                "MiB": memory,
            }


if __name__ == "__main__":
    chosen = arguments(__doc__)
    report(
        "Gradients on pretrained models: errors in float64, time at batch 128",
        rows(chosen.repeat),
        chosen.json,
    )
