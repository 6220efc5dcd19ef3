"""The ODE flow: follow dz/dt = f(z) - z to its steady state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import diffrax
import jax.numpy as jnp
import numpy as np
from jax import Array

from deq.solvers.base import Map, Solver, Step, norm, per_sample, require, static, wide
from deq.solvers.pytree import pytree

Method = diffrax.Euler | diffrax.Heun | diffrax.Tsit5 | diffrax.Dopri5 | diffrax.Dopri8

# Allowed error of a step relative to the residual. At 0.1 a rotating flow never settles.
_CONTROL = 0.01
_SAFETY, _SHRINK, _GROW = 0.9, 0.2, 10.0


@pytree
@dataclass(frozen=True, kw_only=True)
class ODEFlow(Solver):
    """The steady state of dz/dt = f(z) - z by an explicit Runge-Kutta method of Diffrax.

    Converges if every eigenvalue l of df/dz has Re l < 1, so also in cases where Picard (|l| < 1) does not.
    Each sample has its own step size (the flow is autonomous), chosen so that the estimated error of a step
    is at most 1/100 of the residual ||f(z) - z||, or of tol ||f(z)|| near the end: only the steady state has
    to be exact. It stops on the same residual as every solver, never on time; a step to a non-finite value
    is rejected. Every stage counts as a call of f, in rejected steps too: 6 per step for Tsit5 and Dopri5,
    13 for Dopri8, 2 for Heun, 1 for Euler. Euler has no error estimate and keeps `step_size`: at 1 it is
    Picard, below 1 damped Picard. z0: (batch, ...). Tsitouras (2011), doi:10.1016/j.camwa.2011.06.002;
    Kidger (2022), arXiv:2202.02435.

    method: diffrax.Euler(), Heun(), Tsit5(), Dopri5() or Dopri8(), static. step_size: of the first step, traced.
    """

    max_nfe: int | Array = 1000
    method: Method = static(diffrax.Tsit5())
    step_size: float | Array = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require("step_size", self.step_size, lambda h: h > 0, "a number > 0, in units of time")
        if not isinstance(self.method, Method):
            raise ValueError(
                f"method must be an instance of {Method}, such as diffrax.Tsit5(); got {self.method!r}."
            )

    @property
    def calls_per_step(self) -> int:
        rows, _, _, last_is_next_first = _tableau(self.method)
        return len(rows) + (not last_is_next_first)

    def init(self, z: Array, f_z: Array) -> Array:
        return jnp.full(z.shape[:1], self.step_size, wide(z.dtype))

    def step(self, f: Map, z: Array, f_z: Array, memory: Array, active: Array) -> Step:
        """One step of size h = memory, (batch,), for each sample; rejected where its error is too large."""
        h = per_sample(memory, z).astype(z.dtype)
        z_next, f_next, error = _runge_kutta(self.method, f, z, f_z, h)
        if error is None:
            return Step(z_next, f_next, memory, self.calls_per_step)
        error_ratio = self._error_ratio(z, f_z, f_next, error)
        accepted = error_ratio <= 1
        keep = per_sample(accepted, z)
        return Step(
            jnp.where(keep, z_next, z),
            jnp.where(keep, f_next, f_z),
            memory * self._factor(error_ratio).astype(memory.dtype),
            self.calls_per_step,
            accepted,
        )

    def _error_ratio(self, z: Array, f_z: Array, f_next: Array, error: Array) -> Array:
        """The estimated error over the allowed error, (batch,); inf where the step is not finite."""
        size = norm(f_z)
        allowed = _CONTROL * jnp.maximum(norm(f_z - z), self.tol * size) + 2 * jnp.finfo(z.dtype).eps * size
        ratio = norm(error) / (allowed + jnp.finfo(z.dtype).tiny)
        finite = jnp.isfinite(ratio) & jnp.isfinite(norm(f_next))
        return jnp.where(finite, ratio, jnp.inf)

    def _factor(self, error_ratio: Array) -> Array:
        """The next step size over this one; the error of an embedded method of order p scales as h^p."""
        order = self.method.order(None)  # type: ignore[no-untyped-call]  # of Diffrax
        factor = _SAFETY * jnp.maximum(error_ratio, 1e-10) ** (-1 / order)
        return jnp.clip(factor, _SHRINK, _GROW)


def _tableau(method: Method) -> tuple[Sequence[np.ndarray], np.ndarray, np.ndarray | None, bool]:
    """(rows of a, b, error weights, whether the last stage is f at the new point); Diffrax's Euler has no tableau."""
    if isinstance(method, diffrax.Euler):
        return (), np.ones(1), None, False
    tableau = method.tableau
    return tableau.a_lower, tableau.b_sol, tableau.b_error, tableau.fsal


def _runge_kutta(method: Method, f: Map, z: Array, f_z: Array, h: Array) -> tuple[Array, Array, Array | None]:
    """(z, f(z), error estimate) after one step; the stages are unrolled so that XLA fuses the sums."""
    rows, weights, error_weights, last_is_next_first = _tableau(method)
    stage, f_stage = z, f_z
    slopes = [f_z - z]
    for row in rows:
        stage = z + h * _combine(row, slopes)
        f_stage = f(stage)
        slopes.append(f_stage - stage)
    if not last_is_next_first:
        stage = z + h * _combine(weights, slopes)
        f_stage = f(stage)
    error = None if error_weights is None else h * _combine(error_weights, slopes)
    return stage, f_stage, error


def _combine(weights: np.ndarray, slopes: list[Array]) -> Array:
    terms = [float(w) * slope for w, slope in zip(weights, slopes, strict=True) if w != 0]
    return sum(terms[1:], start=terms[0])
