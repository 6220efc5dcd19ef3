"""Precision of products: full float32 on every backend, or a lower one, with the smallest residual it still reaches.

Left to JAX, accelerators multiply float32 arrays in TF32 (NVIDIA) or bfloat16 (TPU), and a solve to 1e-5 then follows
rounding noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, cast

import jax
import jax.numpy as jnp

from deq.solvers.solution import Solution

FLOORS = {"float32": 0.0, "tf32": 1e-4, "bf16": 1e-3}  # the relative residual that most solves still reach
FACTORS = {"tf32": "TF32", "bf16": "bfloat16"}


S = TypeVar("S", bound=Any)  # a Solver or LinearSolver
F = TypeVar("F", bound=Callable[..., Any])


def in_float32(function: F) -> F:
    """The function with every product exact to its factors' dtype, on any backend; on a TPU by several passes.

    Derivatives of a product keep its precision. A custom derivative, which runs later, needs the decorator itself.
    """
    return cast(F, jax.default_matmul_precision("highest")(function))


def require_reachable(precision: str, *solvers: Any) -> None:
    """Raise ValueError for an unknown precision, and if a solver asks for a smaller residual than it can reach.

    Traced tolerances pass; see `to_floor`.
    """
    if precision not in FLOORS:
        raise ValueError(f"Unknown precision {precision!r}; choose from {', '.join(FLOORS)}.")
    floor = FLOORS[precision]
    for tol in (solver.tol for solver in solvers if floor):
        if not isinstance(tol, jax.core.Tracer) and float(tol) < floor:
            raise ValueError(
                f"{FACTORS[precision]} reaches residuals of about {floor:g}, not {float(tol):g}. "
                f"Choose precision float32, or a tol of at least {floor:g} for the solver and the gradient's solver."
            )


def to_floor(solve: Callable[[S], Solution], solver: S, precision: str) -> Solution:
    """solve(solver), where a sample stops at the residual that the precision can reach, not at max_nfe.

    It counts as converged only within the solver's own tol.
    """
    floor = FLOORS[precision]
    if not floor:
        return solve(solver)
    found = solve(replace(solver, tol=jnp.maximum(solver.tol, floor)))
    reached = (jnp.asarray(solver.tol) >= floor) | (found.residual <= solver.tol)
    return replace(found, converged=found.converged & reached)
