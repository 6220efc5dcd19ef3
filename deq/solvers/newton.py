"""Newton's method with matrix-free GMRES."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import lineax as lx
from jax import Array

from deq.solvers.base import Map, Solver, Step, norm, per_sample, require_count, static
from deq.solvers.krylov import krylov_solve
from deq.solvers.mesh import vary_together
from deq.solvers.pytree import pytree

_TRIALS = 6  # step lengths 1, 1/2, ... 1/32


@pytree
@dataclass(frozen=True, kw_only=True)
class NewtonKrylov(Solver):
    """Newton-Krylov: z_{k+1} = z_k + t d, (I - J) d = f(z_k) - z_k with J = df/dz, by one cycle of GMRES.

    J is never formed: GMRES (Lineax) takes `krylov` + 2 products J v per step, fewer for smaller states.
    t = 1 is halved up to five times until ||f(z) - z|| decreases, for each sample separately. nfe counts the
    linearisation, each product J v and each trial of t. Not inside a shard_map, where Lineax cannot run.
    z0: (batch, ...). krylov is static.
    Knoll & Keyes (2004), doi:10.1016/j.jcp.2003.08.010.
    """

    in_parts: ClassVar[bool] = False  # Lineax again, see deq.solvers.linear
    max_nfe: int | Array = 200
    krylov: int = static(10)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_count("krylov", self.krylov)

    @property
    def calls_per_step(self) -> int:
        return 1 + (self.krylov + 2) + _TRIALS

    def init(self, z: Array, f_z: Array) -> None:
        return None

    def step(self, f: Map, z: Array, f_z: Array, memory: None, active: Array) -> Step:
        _, jacobian = jax.linearize(f, z)
        # Finished samples get a zero right-hand side, so that their NaNs cannot spread.
        residual = jnp.where(per_sample(active, z), f_z - z, 0)
        cycle = lx.GMRES(rtol=0.0, atol=0.0, max_steps=2, restart=self.krylov)
        direction, products = krylov_solve(jacobian, residual, cycle)
        direction = jnp.where(jnp.isfinite(direction), direction, residual)
        z, f_z, trials = _line_search(f, z, f_z, direction, active)
        return Step(z, f_z, None, calls=1 + products + trials)


class _Search(NamedTuple):
    z: Array
    f_z: Array
    length: Array  # (batch,) of the next step
    trials: Array  # (batch,) int32
    searching: Array  # (batch,) bool


def _line_search(f: Map, z: Array, f_z: Array, direction: Array, active: Array) -> tuple[Array, Array, Array]:
    """z, f(z) and trials for the first of the steps 1, 1/2, 1/4, ... to reduce ||f(z) - z||, or for the last one."""
    before, batch = norm(f_z - z), z.shape[:1]

    def trial(s: _Search) -> _Search:
        z_try = z + per_sample(s.length, z) * direction
        f_try = f(z_try)
        take = per_sample(s.searching, z)
        z_new, f_new = jnp.where(take, z_try, s.z), jnp.where(take, f_try, s.f_z)
        trials = s.trials + s.searching.astype(jnp.int32)
        falls = norm(f_new - z_new) < before  # False for NaN
        return _Search(z_new, f_new, s.length / 2, trials, s.searching & ~falls & (trials < _TRIALS))

    start = vary_together(
        _Search(z, f_z, jnp.ones(batch, z.dtype), jnp.zeros(batch, jnp.int32), active), direction
    )
    found = jax.lax.while_loop(lambda s: jnp.any(s.searching), trial, start)
    return found.z, found.f_z, found.trials
