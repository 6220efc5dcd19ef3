"""Small cells whose equilibria and gradients are known or cheap to check."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array


class AffineCell(nnx.Module):
    """f(z, x) = A z + B x + b for each row; ||A||_2 = size. z: (batch, n), x: (batch, m)."""

    def __init__(self, n: int = 5, m: int = 3, size: float = 0.6) -> None:
        rng = np.random.default_rng(0)
        a = rng.normal(size=(n, n))
        self.a = nnx.Param(jnp.asarray(size * a / np.linalg.norm(a, 2)))
        self.b = nnx.Param(jnp.asarray(rng.normal(size=(m, n))))
        self.bias = nnx.Param(jnp.asarray(rng.normal(size=n)))

    def __call__(self, z: Array, x: Array) -> Array:
        return z @ self.a[...].T + x @ self.b[...] + self.bias[...]

    def equilibrium(self, x: Array) -> Array:
        """(I - A)^{-1} (B x + b)."""
        right = x @ self.b[...] + self.bias[...]
        return jnp.linalg.solve(jnp.eye(self.a.shape[0]) - self.a[...], right.T).T


class TanhCell(AffineCell):
    """f(z, x) = tanh(A z + B x + b)."""

    def __call__(self, z: Array, x: Array) -> Array:
        return jnp.tanh(super().__call__(z, x))


def gradients(function: Any, *arguments: Any) -> list[Array]:
    """Gradients of a scalar function of (cell, x, ...) in the cell's parameters and in x, as a list of leaves."""
    graphdef, state = nnx.split(arguments[0])

    def of_state(state: nnx.State, *rest: Any) -> Array:
        return function(nnx.merge(graphdef, state), *rest)

    return jax.tree.leaves(jax.jit(jax.grad(of_state, argnums=(0, 1)))(state, *arguments[1:]))
