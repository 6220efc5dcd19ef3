"""What arrays on a mesh must agree on: their sharding where it is explicit, the axes they vary over in a shard_map."""

from __future__ import annotations

from functools import reduce
from typing import TypeVar

import jax
import jax.numpy as jnp
from jax import Array

Tree = TypeVar("Tree")


def shard_like(z: Array, like: Array) -> Array:
    """z sharded like `like`, on a mesh with explicit axes, where the sharding is part of the type.

    Constants are unsharded there, even zeros_like of a sharded array, and arrays of different shardings
    cannot be multiplied.
    """
    sharding = jax.typeof(like).sharding
    if sharding.mesh.empty or jax.typeof(z).sharding.spec == sharding.spec:
        return z
    return jax.sharding.reshard(z, sharding)


def in_shard_map() -> bool:
    """Whether the code is being traced inside a shard_map."""
    return bool(jax.sharding.get_abstract_mesh().manual_axes)


def refuse_in_shard_map(what: str, instead: str) -> None:
    """Raise ValueError inside a shard_map, for methods based on a library whose loops cannot run there."""
    if in_shard_map():
        raise ValueError(
            f"{what} cannot run inside jax.shard_map: use {instead}, or shard the batch under jax.jit."
        )


def vary_together(tree: Tree, *others: object) -> Tree:
    """The arrays of a tree, each made to vary over all the mesh axes that any of them, or of the others, varies over.

    Inside a shard_map this is part of the type, constants vary over no axis, and a loop's carry may not change its
    type. A `where` whose condition depends on all of them achieves this without naming an axis; values do not change,
    and XLA drops it.
    """
    if not in_shard_map():
        return tree
    numbers = [v for v in jax.tree.leaves((tree, others)) if jnp.issubdtype(jnp.result_type(v), jnp.number)]
    any_of_all = reduce(jnp.logical_or, (jnp.any(jnp.isnan(v)) for v in numbers))
    return jax.tree.map(lambda leaf: jnp.where(any_of_all, leaf, leaf), tree)
