"""How fast this machine is now: the unit for the cost of an update."""

from __future__ import annotations

import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

STEPS, BATCH, WIDTH = 100, 128, 256
ROUNDS = 9


def unit_of_work() -> float:
    """Seconds of STEPS evaluations of tanh(z W), z: (BATCH, WIDTH), on the default device, the median of ROUNDS.

    1.7 GFLOP: about 0.01 s on one core, and about 0.3 s for the whole measurement with compilation.
    """
    z, w = jnp.ones((BATCH, WIDTH)), jnp.eye(WIDTH)
    jax.block_until_ready(_work(z, w))
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        jax.block_until_ready(_work(z, w))
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds))


@jax.jit
def _work(z: Array, w: Array) -> Array:
    return jax.lax.fori_loop(0, STEPS, lambda _, state: jnp.tanh(state @ w), z)
