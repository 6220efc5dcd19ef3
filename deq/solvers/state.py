"""States of several arrays, such as feature maps of several resolutions, as one array."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from deq.solvers.base import Map, flat


@dataclass(frozen=True)
class Layout:
    """Where the arrays of a state lie in one array (batch, n), side by side. Hashable, so that it can be static.

    tree: their structure. shapes: of each array without the batch axis. A state that is a single array stays as it
    is, with its shape.
    """

    tree: jax.tree_util.PyTreeDef
    shapes: tuple[tuple[int, ...], ...]

    @staticmethod
    def of(state: Any) -> Layout:
        """The layout of a state, a pytree of arrays. Raises ValueError unless all have one batch size and dtype."""
        leaves, tree = jax.tree.flatten(state)
        arrays = [leaf if hasattr(leaf, "shape") else jnp.asarray(leaf) for leaf in leaves]
        if not arrays:
            raise ValueError("z0 has no arrays: give an array, or a pytree of them.")
        if any(array.ndim == 0 for array in arrays):
            raise ValueError("z0 needs a leading batch axis: give shape (1,) or (batch, ...), not a scalar.")
        sizes, dtypes = {array.shape[0] for array in arrays}, {str(array.dtype) for array in arrays}
        if len(sizes) > 1:
            raise ValueError(f"The arrays of z0 need one batch size; got {sorted(sizes)}.")
        if len(dtypes) > 1:
            raise ValueError(f"The arrays of z0 need one dtype; got {', '.join(sorted(dtypes))}.")
        return Layout(tree, tuple(array.shape[1:] for array in arrays))

    @property
    def size(self) -> int:
        """Number of entries of a sample."""
        return sum(math.prod(shape) for shape in self.shapes)

    @property
    def is_one_array(self) -> bool:
        return jax.tree_util.treedef_is_leaf(self.tree)

    def join(self, state: Any) -> Array:
        """The state as one array: (batch, n), or the array itself."""
        arrays = [jnp.asarray(leaf) for leaf in self.tree.flatten_up_to(state)]
        if self.is_one_array:
            return arrays[0]
        return jnp.concatenate([flat(array) for array in arrays], axis=1)

    def joined(self, f: Map) -> Map:
        """f on states as one array."""
        return f if self.is_one_array else lambda z: self.join(f(self.split(z)))

    def split(self, z: Array) -> Any:
        """The inverse of `join`; z may have more axes in the middle, as in a trace: (batch, ..., n)."""
        if self.is_one_array:
            return z
        ends = list(accumulate(math.prod(shape) for shape in self.shapes))
        parts = jnp.split(z, ends[:-1], axis=-1)
        shaped = [part.reshape(z.shape[:-1] + shape) for part, shape in zip(parts, self.shapes, strict=True)]
        return self.tree.unflatten(shaped)
