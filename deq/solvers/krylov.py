"""Lineax's Krylov methods for each sample of a batch, with an operator that takes the whole batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp
import lineax as lx
from jax import Array

from deq.solvers.base import unit_scale, widened
from deq.solvers.mesh import refuse_in_shard_map

Derivative = Callable[[Array], Array]
KrylovMethod: TypeAlias = lx.GMRES | lx.BiCGStab


def krylov_solve(derivative: Derivative, b: Array, method: KrylovMethod) -> tuple[Array, Array]:
    """Solve u - derivative(u) = b for each sample separately.

    derivative: linear, (batch, ...) -> (batch, ...), block diagonal over the batch, as returned by
    `jax.linearize` or `jax.vjp`: a pytree whose leaves are the arrays it needs, because a closure over traced
    arrays cannot enter Lineax's loops. b: (batch, ...).
    Returns u: (batch, ...) and the operator products each sample needed: (batch,) int32. Does not report
    success: measure the residual.

    Raises:
        ValueError: inside a shard_map. There Lineax mistakes its own operator (`mv` of FunctionLinearOperator) for
            another one, since its sharding differs, and starts its loops from constants, whose type may not change.
    """
    refuse_in_shard_map(
        "A Krylov method of Lineax (Newton-Krylov, GMRES, BiCGStab)", "Anderson, Broyden or Dense"
    )
    if b.size == 0:
        return b, jnp.zeros(b.shape[:1], jnp.int32)
    # Lineax has an absolute threshold below which it reports a breakdown: scale the right-hand side to unit size.
    scale = unit_scale(b)
    unit = widened(b / scale)
    shape = jax.ShapeDtypeStruct(b.shape[1:], unit.dtype)
    whole = jax.tree_util.Partial(_in_dtype_of, scale, derivative)

    def solve_one(b_one: Array, start: Array) -> tuple[Array, Array]:
        one = lx.FunctionLinearOperator(lambda v: _one_sample(whole, v), shape)
        u, _, stats = method.compute(one, b_one, {"y0": start})
        return u, count_products(method, b_one.size, stats["num_steps"])

    u, count = jax.vmap(solve_one)(unit, jnp.zeros_like(unit))
    return u.astype(b.dtype) * scale, count


def _in_dtype_of(narrow: Array, derivative: Derivative, v: Array) -> Array:
    """derivative(v) for a half-precision state, while Lineax works in float32."""
    return derivative(v.astype(narrow.dtype)).astype(v.dtype)


def count_products(method: KrylovMethod, size: int, num_steps: Array) -> Array:
    """Operator products in num_steps of Lineax's steps, according to its source.

    BiCGStab: one for the first residual, two per step. GMRES: the first step only measures the residual
    (one product); each later one is a cycle of `restart` products plus one for the new residual. A cycle
    that ends early because the Krylov space is exhausted counts in full.
    """
    if isinstance(method, lx.BiCGStab):
        return (1 + 2 * num_steps).astype(jnp.int32)
    cycle = min(method.restart, size) + 1
    return (1 + cycle * (num_steps - 1)).astype(jnp.int32)


@jax.custom_batching.custom_vmap
def _one_sample(derivative: Derivative, v: Array) -> Array:
    """v - derivative(v) for one sample under vmap; the rule below applies it to the whole batch.

    A plain vmap of lambda v: derivative(v[None])[0] would give every sample the derivative of row 0.
    This body only provides the shape; it never runs.
    """
    return v


@_one_sample.def_vmap
def _whole_batch(
    axis_size: int, in_batched: list[bool], derivative: Derivative, v: Array
) -> tuple[Array, bool]:
    return v - derivative(v), True
