"""A model: encoder -> equilibrium -> head."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from deq.gradients import Gradient, Implicit, Probe, equilibrium
from deq.solvers import Anderson, Solution, Solver
from deq.solvers.precision import in_float32

Layer = Callable[[Any], Any]
Start = Callable[[nnx.Module, Any], Any]  # (cell, injection) -> z0


def zero_start(cell: nnx.Module, x: Any) -> Any:
    """z0 = 0, with the injection's shape, or its arrays' shapes."""
    return jax.tree.map(jnp.zeros_like, x)


def cell_start(cell: nnx.Module, x: Any) -> Any:
    """z0 = f(0, x), as in the blog post that `blog` follows, see deq.cells.dense."""
    return cell(zero_start(cell, x), x)


class EquilibriumModel(nnx.Module):
    """y = head(z*), z* = cell(z*, encode(x)), in full float32 on every backend.

    encoder: x -> the injection, (batch, ...) with the state's shape. start: (cell, injection) -> z0. State and
    injection may be pytrees of arrays.
    """

    def __init__(
        self,
        encoder: Layer,
        cell: nnx.Module,
        head: Layer,
        start: Start = zero_start,
    ) -> None:
        self.encoder = encoder
        self.cell = cell
        self.head = head
        self.start_rule = start
        self.precision = "float32"  # of products in the cell, see deq.gradients.equilibrium
        self.temperature = 1.0  # divides the logits, see deq.models.calibration

    def uncalibrated(self) -> EquilibriumModel:
        """This model with temperature 1, sharing its arrays: compiled programs do not depend on the temperature."""
        plain = copy(self)
        plain.temperature = 1.0
        return plain

    def __call__(
        self,
        x: Array,
        solver: Solver = Anderson(),
        gradient: Gradient = Implicit(),
        probe: Probe | None = None,
        *,
        z0: Any = None,
    ) -> tuple[Array, Solution]:
        """x: (batch, ...) -> outputs (batch, classes) and the Solution they come from.

        z0: where to start, such as the equilibria of similar inputs (a warm start); by default the model's own start.
        """
        return self.settle(self.encode(x), solver, gradient, probe, z0=z0)

    def settle(
        self,
        injection: Any,
        solver: Solver = Anderson(),
        gradient: Gradient = Implicit(),
        probe: Probe | None = None,
        *,
        z0: Any = None,
    ) -> tuple[Array, Solution]:
        """Outputs and Solution for an injection, as `encode` returns it."""
        z0 = self.start(injection) if z0 is None else z0
        rowwise = self._by_rows(injection, len(jax.tree.leaves(z0)[0]))
        solution = equilibrium(
            self.cell, injection, z0, solver, gradient, probe, self.precision, rowwise=rowwise
        )
        return self.read(solution.z), solution

    def _by_rows(self, injection: Any, batch: int) -> bool:
        """Whether some samples can be solved without the others. Dropout draws one mask for the whole batch, a cell
        that is no module is traced for one batch size, and arrays of an injection may be shared by all samples."""
        if not isinstance(self.cell, nnx.Module) or jax.tree.leaves(nnx.state(self.cell, nnx.RngState)):
            return False
        return all(jnp.shape(v)[:1] == (batch,) for v in jax.tree.leaves(injection))

    @in_float32
    def read(self, z: Any) -> Array:
        """The head's outputs for states: (batch, ...) -> (batch, classes)."""
        return self.head(z)

    def probabilities(self, z: Any) -> Array:
        """Calibrated class probabilities of states: (batch, ...) -> (batch, classes)."""
        return jax.nn.softmax(self.read(z) / self.temperature)

    @in_float32
    def encode(self, x: Array) -> Any:
        """The injection of x: (batch, ...), fixed during a solve."""
        return self.encoder(x)

    @in_float32
    def start(self, injection: Any) -> Any:
        """z0 for an injection. The equilibrium does not depend on z0, so no gradient flows through it."""
        return jax.lax.stop_gradient(self.start_rule(self.cell, injection))


def pixels(images: Array) -> Array:
    """uint8 (batch, 28, 28, 1) -> float32 (batch, 784) in [0, 1]; floating images are only flattened."""
    return flattened(picture(images))


def picture(images: Array) -> Array:
    """uint8 images -> float32 in [0, 1], of the same shape; floating images are returned unchanged."""
    return images.astype(jnp.float32) / 255 if images.dtype == jnp.uint8 else images


def numbers(x: Array) -> Array:
    """Whole numbers as float32; floats are returned unchanged."""
    return x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(jnp.float32)


def identity(x: Array) -> Array:
    """x itself, for models without an encoder or a head."""
    return x


def flattened(x: Array) -> Array:
    """(batch, ...) -> (batch, n)."""
    return x.reshape(x.shape[0], -1)


def count_parameters(model: nnx.Module) -> int:
    """Number of trainable parameters."""
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))
