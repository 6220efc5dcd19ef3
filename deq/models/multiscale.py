"""Models whose state has several arrays, joined into one, because code that stores and draws states takes one array."""

from __future__ import annotations

from typing import Any

from flax import nnx
from jax import Array

from deq.models.model import Layer
from deq.solvers.state import Layout


class JoinedCell(nnx.Module):
    """A cell of several arrays as f on one array (batch, n), whose entries are those of the arrays in order."""

    def __init__(self, cell: nnx.Module, layout: Layout) -> None:
        self.cell = cell
        self.layout = layout

    def __call__(self, z: Array, x: Array) -> Array:
        return self.layout.join(self.cell(self.layout.split(z), self.layout.split(x)))


class Pyramid(nnx.Module):
    """x -> the injections of a multiscale cell, each level computed from the finer one, joined to (batch, n)."""

    def __init__(self, *levels: Layer) -> None:
        self.levels = nnx.List(levels)

    def __call__(self, x: Array) -> Array:
        found: list[Any] = []
        for level in self.levels:
            x = level(x)
            found.append(x)
        return Layout.of(tuple(found)).join(tuple(found))
