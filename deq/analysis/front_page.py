"""The story of the front page as arrays: a map, a layer applied for ever, its flow, each really solved."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from deq.solvers import ODEFlow, Picard, Solution, solve

UNITS = 24  # of the layer in the second step
GAIN = 0.9  # its spectral norm: below 1, so that it settles from any start
TURN = 2.0  # how fast the flow of the third step goes round

COSINE = Picard(tol=1e-6, max_nfe=100)
LAYER = Picard(tol=1e-3, max_nfe=60)
FLOW = ODEFlow(tol=1e-2, max_nfe=200, method=diffrax.Euler(), step_size=0.1)


@jax.jit
def settle_cosine(starts: Array) -> Solution:
    """x* = cos x* by plain iteration, in radians, with its trace. starts: (n,); z in the trace: (n, 60, 1)."""
    return solve(jnp.cos, starts[:, None].astype(jnp.float32), COSINE, trace=60)


@jax.jit
def settle_layer(weights: Array, x: Array) -> Solution:
    """z* = tanh(W z + x) by plain iteration from z = 0. weights: (n, n), x: (n,); z in the trace: (1, 40, n)."""
    return solve(lambda z: jnp.tanh(z @ weights.T + x), jnp.zeros((1, x.shape[0])), LAYER, trace=40)


def random_layer(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """W = 0.9 Q with Q a random orthogonal matrix, so ||W||_2 = 0.9 and the layer settles; and a random x."""
    random = np.random.default_rng(seed)
    orthogonal, _ = np.linalg.qr(random.normal(size=(UNITS, UNITS)))
    return (GAIN * orthogonal).astype(np.float32), random.normal(0, 0.4, UNITS).astype(np.float32)


@jax.jit
def settle_flow(starts: Array) -> Solution:
    """Steady state of dz/dt = tanh(R z + x) - z in the plane, R a quarter turn; z in the trace: (n, 120, 2).

    The eigenvalues of R are +-2i: plain iteration circles for ever, while the flow spirals in. starts: (n, 2).
    """
    rotation = TURN * jnp.array([[0.0, -1.0], [1.0, 0.0]])
    x = jnp.array([0.6, -0.2])
    return solve(lambda z: jnp.tanh(z @ rotation.T + x), starts, FLOW, trace=120)


def ring(number: int, radius: float = 1.6) -> np.ndarray:
    """Starts on a circle, (number, 2) float32."""
    angle = np.linspace(0, 2 * np.pi, number, endpoint=False)
    return (radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)).astype(np.float32)
