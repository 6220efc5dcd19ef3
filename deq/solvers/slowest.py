"""The slowest samples of a large batch are finished in a smaller batch.

A batch runs until its last sample has converged, after two to three times the mean number of calls. Once three
quarters of the samples are done, the rest continue as a batch of a quarter of the size: each sample takes as many calls
as before, but the device only 1.2 to 1.5 times the mean.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from deq.solvers.base import Map, Tree

Rows = Callable[[Array], Map]  # places (k,) of samples in the batch -> f for those samples alone

LEAST = 32  # samples in a quarter; a smaller one saves no time, and still costs a compilation


def quarter(batch: int, rows: Rows | None) -> int:
    """The number of samples that are finished in a smaller batch; 0 for none."""
    return batch // 4 if rows is not None and batch // 4 >= LEAST else 0


def places_of(active: Array, count: int) -> Array:
    """The places of the active samples, at most `count` of them: (count,); filled up with place 0."""
    return jnp.nonzero(active, size=count, fill_value=0)[0]


def put_back(whole: Tree, part: Tree, places: Array) -> Tree:
    """The whole with its samples at these places replaced. Where a place occurs twice, both rows are equal."""
    return jax.tree.map(lambda w, p: w.at[places].set(p), whole, part)
