"""What every solver shares: its settings, its `Solution`, and the residual by which all are judged."""

from __future__ import annotations

import abc
import math
import numbers
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

Map = Callable[[Array], Array]  # f: (batch, ...) -> (batch, ...)

RESIDUAL_EPS = 1e-8


def static(default: Any) -> Any:
    """A field that fixes shapes or the program: changing it compiles anew. All other fields are traced."""
    return field(default=default, metadata={"static": True})


def widened(z: Array) -> Array:
    """z in at least float32: what sums and factorisations of half precision need."""
    return z.astype(jnp.promote_types(z.dtype, jnp.float32))


def flat(z: Array) -> Array:
    """(batch, ...) -> (batch, n), also for a batch or a state without entries."""
    return z.reshape(z.shape[0], math.prod(z.shape[1:]))


def slots(z: Array, count: int) -> Array:
    """Zeros (batch, count, n) for z: (batch, n), split over devices as z is."""
    return jnp.broadcast_to(placed_as(jnp.zeros_like(z), z)[:, None], (z.shape[0], count, z.shape[1]))


def placed_as(z: Array, like: Array) -> Array:
    """z split over devices as `like` is, where a mesh of explicit axes states the split in the type.

    Constants start unsplit there, also zeros_like of a split array, and what is split unlike cannot be multiplied.
    """
    wanted = jax.typeof(like).sharding
    if wanted.mesh.empty or jax.typeof(z).sharding.spec == wanted.spec:
        return z
    return jax.sharding.reshard(z, wanted)


def put(memory: Array, value: Array, slot: Array, axis: int = 1) -> Array:
    """memory with `value` in place `slot` of that axis; the other axes agree."""
    return jax.lax.dynamic_update_index_in_dim(memory, value, slot, axis)


def inner(memory: Array, z: Array) -> Array:
    """Inner products of z: (batch, n) with the rows of memory: (batch, count, n) -> (batch, count).

    In at least float32, also where an accelerator would multiply in less.
    """
    wide = jnp.promote_types(z.dtype, jnp.float32)
    return jnp.einsum("bmn,bn->bm", memory, z, precision="highest", preferred_element_type=wide)


def combine(weights: Array, memory: Array) -> Array:
    """sum_m weights_m memory_m: (batch, count), (batch, count, n) -> (batch, n), in the memory's precision."""
    return jnp.einsum("bm,bmn->bn", weights.astype(memory.dtype), memory, precision="highest")


def norm(z: Array) -> Array:
    """L2 norm of each sample over its other axes, in at least float32. z: (batch, ...) -> (batch,)."""
    return jnp.sqrt(jnp.sum(jnp.square(widened(z)), axis=tuple(range(1, z.ndim))))


def unit_scale(g: Array) -> Array:
    """The largest absolute entry of each sample, 1 where all are zero; broadcasts against g: (batch, ...).

    g over it has norm 1 to sqrt(n), however small g is: squares of entries below 1e-19 vanish in float32. At most a
    quarter of the largest number, whose reciprocal would vanish as well.
    """
    largest = jnp.minimum(jnp.max(jnp.abs(flat(g)), axis=1, initial=0.0), jnp.finfo(g.dtype).max / 4)
    return per_sample(jnp.where(largest > 0, largest, 1), g)


def per_sample(values: Array, z: Array) -> Array:
    """Values of shape (batch,) shaped to broadcast against z: (batch, ...)."""
    return values.reshape(values.shape + (1,) * (z.ndim - 1))


def relative_residual(z: Array, f_z: Array) -> Array:
    """||f(z) - z|| / (||f(z)|| + 1e-8) of each sample: (batch,); inf where either norm is not finite.

    In a float32 divergence ||f(z)|| overflows while z and f(z) - z are finite: without the guard
    the quotient would be 0 and the divergence would pass for an equilibrium.
    """
    change, size = norm(f_z - z), norm(f_z)
    finite = jnp.isfinite(change) & jnp.isfinite(size)
    return jnp.where(finite, change / (jnp.where(finite, size, 1.0) + RESIDUAL_EPS), jnp.inf)


def within(residual: Array, tol: float | Array) -> Array:
    """Whether a relative residual (batch,) is at most tol, which one that is not finite never is, were tol inf."""
    return jnp.isfinite(residual) & (residual <= tol)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Trace:
    """The way to the equilibrium: the first n iterates, the start included.

    nfe: (batch, n) calls of f so far, held at the last count past the end.
    residual: (batch, n) relative residual, NaN past the end.
    z: (batch, n, ...) iterates, NaN past the end.
    """

    nfe: Array
    residual: Array
    z: Array


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Solution:
    """What a solve found, sample by sample. A solve that failed is data: converged is False.

    z: (batch, ...) the iterate of the smallest residual. residual: (batch,) its relative residual.
    nfe: (batch,) int32, calls of f. converged: (batch,) bool, residual <= tol. trace: Trace or None.
    """

    z: Array
    residual: Array
    nfe: Array
    converged: Array
    trace: Trace | None = None


class Step(NamedTuple):
    """One iteration's outcome: the new iterate, its image, the solver's memory, and what it cost."""

    z: Array  # (batch, ...)
    f_z: Array  # (batch, ...)
    memory: Any
    calls: int | Array  # calls of f, an int or (batch,)
    moved: bool | Array = True  # False where a trial was rejected and z stayed, (batch,)


@dataclass(frozen=True, kw_only=True)
class Solver(abc.ABC):
    """Settings of a fixed-point solver. `tol` and `max_nfe` are traced: changing them never recompiles.

    tol: the relative residual at which a sample counts as converged. max_nfe: calls of f allowed.
    in_parts: whether parts of a batch may be solved on devices of their own, see deq.devices.
    """

    in_parts: ClassVar[bool] = True
    tol: float | Array = 1e-5
    max_nfe: int | Array = 100

    def __post_init__(self) -> None:
        require("tol", self.tol, lambda tol: tol >= 0, "a number >= 0")
        require("max_nfe", self.max_nfe, lambda n: n >= 1, "at least 1: the start needs its one evaluation")

    @property
    @abc.abstractmethod
    def calls_per_step(self) -> int:
        """The most calls of f that one step can make."""

    @abc.abstractmethod
    def init(self, z: Array, f_z: Array) -> Any:
        """The memory before the first step. z, f_z: (batch, ...)."""

    @abc.abstractmethod
    def step(self, f: Map, z: Array, f_z: Array, memory: Any, active: Array) -> Step:
        """One iteration of the whole batch. active: (batch,) bool, the samples still being solved."""


def require(name: str, value: Any, valid: Callable[[Any], bool], wanted: str) -> None:
    """Raise ValueError for a setting that is out of range; traced settings cannot be looked at."""
    if isinstance(value, numbers.Real) and not valid(value):
        raise ValueError(f"{name} must be {wanted}; got {value!r}.")


def require_count(name: str, value: Any, least: int = 1) -> None:
    """Raise ValueError for a static size that is no whole number or too small."""
    if not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(f"{name} must be an int >= {least}; got {value!r}.")
