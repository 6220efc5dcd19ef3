"""Counts calls of f and products with its transposed Jacobian while a solve runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import jax
from flax import nnx
from jax import Array

COUNTS: Counter[str] = Counter()  # "calls" and "products"


def add(what: str) -> None:
    """Count one more of `what`."""
    COUNTS[what] += 1


@jax.custom_vjp
def counted(z: Array) -> Array:
    """Identity; a forward pass counts as a call, a backward pass as a product."""
    jax.debug.callback(lambda: add("calls"))
    return z


def _forward(z: Array) -> tuple[Array, None]:
    return counted(z), None


def _backward(_: None, u: Array) -> tuple[Array]:
    jax.debug.callback(lambda: add("products"))
    return (u,)


counted.defvjp(_forward, _backward)


class CountedCell(nnx.Module):
    """A cell that counts its calls and products."""

    def __init__(self, cell: nnx.Module) -> None:
        self.cell = cell

    def __call__(self, z: Array, x: Array) -> Array:
        return self.cell(counted(z), x)


def tally(run: Callable[[], Any]) -> tuple[int, int]:
    """Calls and products of one run."""
    COUNTS.clear()
    jax.block_until_ready(run())
    jax.effects_barrier()
    return COUNTS["calls"], COUNTS["products"]
