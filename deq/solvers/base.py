"""What all solvers share: the settings, the contract, the residual, and helpers on batched arrays."""

from __future__ import annotations

import abc
import math
import numbers
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jax import Array

from deq.solvers.mesh import shard_like
from deq.solvers.pytree import pytree

Map = Callable[[Any], Any]  # f: (batch, ...) -> (batch, ...), or a pytree of such arrays

Tree = TypeVar("Tree")

RESIDUAL_EPS = 1e-8
GROWTH = 10.0  # beyond this many times the scale of the start, the residual itself must have fallen


def static(default: Any) -> Any:
    """A static field: changing it recompiles. All other fields are traced."""
    return field(default=default, metadata={"static": True})


def later(default: Any) -> Any:
    """A field added after models were shipped: files omit it at its default, so that older files still match."""
    return field(default=default, metadata={"later": True})


def wide(dtype: Any) -> Any:
    """The dtype, or float32 for half precision. jnp.promote_types would fail under strict promotion."""
    return dtype if jnp.finfo(dtype).bits >= 32 else jnp.dtype(jnp.float32)


def widened(z: Array) -> Array:
    """z in at least float32, for sums and factorisations of half-precision states."""
    return z.astype(wide(z.dtype))


def flat(z: Array) -> Array:
    """(batch, ...) -> (batch, n); works for empty batches and empty states too."""
    return z.reshape(z.shape[0], math.prod(z.shape[1:]))


def taken(tree: Tree, places: Array) -> Tree:
    """The samples at these places of every array with the batch as its first axis; scalars stay."""
    return jax.tree.map(lambda leaf: leaf[places] if jnp.ndim(leaf) else leaf, tree)


def slots(z: Array, count: int) -> Array:
    """Zeros of shape (batch, count, n) for z: (batch, n), sharded like z."""
    return jnp.broadcast_to(shard_like(jnp.zeros_like(z), z)[:, None], (z.shape[0], count, z.shape[1]))


def put(memory: Array, value: Array, slot: Array, axis: int = 1) -> Array:
    """memory with `value` written at index `slot` of `axis`."""
    return jax.lax.dynamic_update_index_in_dim(memory, value, slot, axis)


def inner(memory: Array, z: Array) -> Array:
    """Inner products of z: (batch, n) with the rows of memory: (batch, count, n) -> (batch, count).

    In at least float32.
    """
    return jnp.einsum("bmn,bn->bm", memory, z, preferred_element_type=wide(z.dtype))


def combine(weights: Array, memory: Array) -> Array:
    """sum_m weights_m memory_m: (batch, count), (batch, count, n) -> (batch, n), in the memory's precision."""
    return jnp.einsum("bm,bmn->bn", weights.astype(memory.dtype), memory)


def norm(z: Array) -> Array:
    """L2 norm of each sample over its other axes, in at least float32. z: (batch, ...) -> (batch,)."""
    return jnp.sqrt(jnp.sum(jnp.square(widened(z)), axis=tuple(range(1, z.ndim))))


def unit_scale(g: Array) -> Array:
    """The largest absolute entry of each sample, 1 if all are zero; broadcasts against g: (batch, ...).

    g / scale has a norm between 1 and sqrt(n), even where squares of g's entries underflow (below 1e-19 in
    float32). Capped at a quarter of the largest float, so that its reciprocal does not underflow.
    """
    largest = jnp.minimum(jnp.max(jnp.abs(flat(g)), axis=1, initial=0.0), jnp.finfo(g.dtype).max / 4)
    return per_sample(jnp.where(largest > 0, largest, 1), g)


def per_sample(values: Array, z: Array) -> Array:
    """The values (batch,), reshaped to broadcast against z: (batch, ...)."""
    return values.reshape(values.shape + (1,) * (z.ndim - 1))


def relative_residual(z: Array, f_z: Array) -> Array:
    """||f(z) - z|| / (||f(z)|| + 1e-8) of each sample: (batch,); inf if either norm is not finite."""
    return relative(norm(f_z - z), norm(f_z))


def relative(residual: Array, size: Array) -> Array:
    """residual / (size + 1e-8), (batch,); inf if either is not finite.

    A diverging float32 solve can overflow ||f(z)|| while f(z) - z is still finite: without the guard the
    residual would be 0 and the solve would count as converged.
    """
    finite = jnp.isfinite(residual) & jnp.isfinite(size)
    return jnp.where(finite, residual / (jnp.where(finite, size, 1.0) + RESIDUAL_EPS), jnp.inf)


def within(residual: Array, tol: float | Array) -> Array:
    """Whether a relative residual (batch,) is finite and at most tol."""
    return jnp.isfinite(residual) & (residual <= tol)


def with_rounding(residual: Array, size: Array, eps: float) -> Array:
    """The residual plus what rounding may hide, (batch,): in float32 z + 1 - z is 0 above 2^24. size: ||f(z)||."""
    return residual + eps * size


@pytree
@dataclass(frozen=True)
class Contract:
    """What counts as converged for each sample of a solve from z0; a diverging solve cannot meet it.

    The relative residual is at most tol, and the solve has not diverged: the state is still on the scale of the start,
    ||f(z)|| <= 10 max(||z0||, ||f(z0)||), or the residual itself has fallen, ||f(z) - z|| <= sqrt(tol) ||f(z0) - z0||.
    Alternatively ||f(z) - z|| <= atol. The last two bounds add what rounding can hide, eps ||f(z)||, to the residual.
    Without the second condition z + 1 "converges" as soon as z exceeds 1 / tol.
    """

    size: Array  # (batch,) max(||z0||, ||f(z0)||)
    residual: Array  # (batch,) ||f(z0) - z0||
    tol: float | Array
    atol: float | Array
    eps: float = static(0.0)  # of the states, whose norms may be wider

    @staticmethod
    def of(z0: Array, f_z0: Array, solver: Solver) -> Contract:
        size, eps = jnp.maximum(norm(z0), norm(f_z0)), float(jnp.finfo(z0.dtype).eps)
        return Contract(size, norm(f_z0 - z0), solver.tol, solver.atol, eps)

    def met(self, residual: Array, size: Array) -> Array:
        """(batch,) bool for residual = ||f(z) - z|| and size = ||f(z)||, each (batch,)."""
        least = with_rounding(residual, size, self.eps)
        bounded = (size <= GROWTH * self.size) | (least <= jnp.sqrt(self.tol) * self.residual)
        met = (relative(residual, size) <= self.tol) & bounded
        # atol = 0 means no condition: a residual that underflows to 0 must not meet it.
        near = (self.atol > 0) & (least <= self.atol)
        return jnp.isfinite(residual) & jnp.isfinite(size) & (met | near)


class Step(NamedTuple):
    """The result of one iteration: the new iterate, f of it, the solver's memory, and the calls of f."""

    z: Array  # (batch, ...)
    f_z: Array  # (batch, ...)
    memory: Any
    calls: int | Array  # calls of f, an int or (batch,)
    moved: bool | Array = True  # (batch,) False where the step was rejected


@dataclass(frozen=True, kw_only=True)
class Solver(abc.ABC):
    """Settings of a fixed-point solver. `tol` and `max_nfe` are traced: changing them never recompiles.

    tol, atol: the relative and the absolute residual at which a sample counts as converged, see `Contract`; atol is
    for equilibria at 0 and mixed scales. max_nfe: calls of f allowed. Below 1 + calls_per_step no step fits: the solve
    returns its start with the residual there, converged only if the start is an equilibrium. This is not an error,
    because comparisons and sliders go down to a budget of 1.
    in_parts: whether each device can solve its part of a batch independently, see deq.devices.in_parts.
    """

    in_parts: ClassVar[bool] = True
    tol: float | Array = 1e-5
    atol: float | Array = later(0.0)
    max_nfe: int | Array = 100

    def __post_init__(self) -> None:
        require("tol", self.tol, lambda tol: tol >= 0, "a number >= 0")
        require("atol", self.atol, lambda atol: atol >= 0, "a number >= 0")
        require("max_nfe", self.max_nfe, lambda n: n >= 1, "at least 1, for the evaluation at the start")

    @property
    @abc.abstractmethod
    def calls_per_step(self) -> int:
        """The most calls of f that one step can make."""

    @abc.abstractmethod
    def init(self, z: Array, f_z: Array) -> Any:
        """The solver's memory before the first step. z, f_z: (batch, ...)."""

    def rows_of(self, memory: Any, places: Array) -> Any:
        """The memory of the samples at these places. By default all arrays have the batch as their first axis."""
        return taken(memory, places)

    @abc.abstractmethod
    def step(self, f: Map, z: Array, f_z: Array, memory: Any, active: Array) -> Step:
        """One iteration of the whole batch. active: (batch,) bool, samples that are not finished."""


def require(name: str, value: Any, valid: Callable[[Any], bool], wanted: str) -> None:
    """Raise ValueError if a setting is out of range or text; traced values are not checked."""
    if isinstance(value, str) or (isinstance(value, numbers.Real) and not valid(value)):
        raise ValueError(f"{name} must be {wanted}; got {value!r}.")


def require_count(name: str, value: Any, least: int = 1) -> None:
    """Raise ValueError unless a static size is an integer >= least."""
    if not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(f"{name} must be an int >= {least}; got {value!r}.")


def require_damping(value: Any) -> None:
    """Raise ValueError unless the damping is in (0, 1]."""
    require("damping", value, lambda b: 0 < b <= 1, "in (0, 1]; it is the weight on f(z)")
