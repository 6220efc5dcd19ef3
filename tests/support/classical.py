"""The 23 classical systems F(z) = 0 with their standard starts, as SciML's NonlinearProblemLibrary lists them:
https://docs.sciml.ai/NonlinearSolve/stable/.

MGH: Moré, Garbow & Hillstrom (1981), "Testing unconstrained optimization software", section 3, by number,
doi:10.1145/355934.355936.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array

N = 10  # entries of the systems that have any size


@dataclass(frozen=True)
class System:
    """F: (n,) -> (n,), its standard start, and its roots where they are few and known."""

    name: str
    F: Callable[[Array], Array]
    start: Sequence[float]
    roots: Sequence[Sequence[float]] = ()


def rosenbrock(x: Array) -> Array:
    """MGH 1, generalised to n entries."""
    return jnp.concatenate([1 - x[:1], 10 * (x[1:] - x[:-1] ** 2)])


def powell_singular(x: Array) -> Array:
    """MGH 13; the Jacobian is singular at the root."""
    a, b, c, d = x
    return jnp.stack([a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2])


def powell_badly_scaled(x: Array) -> Array:
    """MGH 3."""
    a, b = x
    return jnp.stack([1e4 * a * b - 1, jnp.exp(-a) + jnp.exp(-b) - 1.0001])


def wood(x: Array) -> Array:
    """The gradient of MGH 14, up to a factor, as in MINPACK's tests."""
    a, b, c, d = x
    p, q, r, s = b - a**2, d - c**2, b - 1, d - 1
    return jnp.stack(
        [
            -200 * a * p - (1 - a),
            200 * p + 20.2 * r + 19.8 * s,
            -180 * c * q - (1 - c),
            180 * q + 20.2 * s + 19.8 * r,
        ]
    )


def helical_valley(x: Array) -> Array:
    """MGH 7; the angle, in turns, jumps along the negative half of the second axis."""
    a, b, c = x
    turns = 0.25 + jnp.arctan2(-a, b) / (2 * jnp.pi)
    return jnp.stack([10 * (c - 10 * turns), 10 * (jnp.sqrt(a**2 + b**2) - 1), c])


def watson(x: Array) -> Array:
    """Half the gradient of MGH 20 for two entries, as in MINPACK's tests."""
    a, b = x
    t = jnp.arange(1, 30) / 29.0
    y = a + b * t
    residual, last = b - y**2 - 1, b - a**2 - 1
    first = jnp.sum(residual * -2 * y) + a - 2 * a * last
    return jnp.stack([first, jnp.sum(residual * (1 - 2 * y * t)) + last])


def chebyquad(x: Array) -> Array:
    """MGH 35 for two entries: means of shifted Chebyshev polynomials minus their integrals, 0 and -1/3."""
    y = 2 * x - 1
    return jnp.stack([jnp.mean(y), jnp.mean(2 * y**2 - 1) + 1 / 3])


def brown_almost_linear(x: Array) -> Array:
    """MGH 27."""
    return jnp.append((x + jnp.sum(x) - (N + 1))[:-1], jnp.prod(x) - 1)


GRID = np.arange(1, N + 1) / (N + 1)


def boundary_value(x: Array) -> Array:
    """MGH 28: -u'' + (u + t + 1)^3 / 2 = 0 by differences."""
    wide = jnp.pad(x, 1)
    return 2 * x - wide[:-2] - wide[2:] + (x + GRID + 1) ** 3 / (2 * (N + 1) ** 2)


def integral_equation(x: Array) -> Array:
    """MGH 29: the same problem as an integral with its Green's function."""
    green = np.minimum(GRID[:, None], GRID) * (1 - np.maximum(GRID[:, None], GRID)) / (2 * (N + 1))
    return x + green @ (x + GRID + 1) ** 3


PLACE = np.arange(1, N + 1)


def trigonometric(x: Array) -> Array:
    """MGH 26."""
    return N - jnp.sum(jnp.cos(x)) + PLACE * (1 - jnp.cos(x)) - jnp.sin(x)


def variably_dimensioned(x: Array) -> Array:
    """Half the gradient of MGH 25."""
    total = jnp.sum(PLACE * (x - 1))
    return x - 1 + PLACE * total * (1 + 2 * total**2)


def broyden_tridiagonal(x: Array) -> Array:
    """MGH 30."""
    wide = jnp.pad(x, 1)
    return (3 - 2 * x) * x - wide[:-2] - 2 * wide[2:] + 1


def broyden_banded(x: Array) -> Array:
    """MGH 31: each entry is coupled with up to five before it and one behind it."""
    gap = PLACE[:, None] - PLACE
    band = ((gap <= 5) & (gap >= -1) & (gap != 0)).astype(float)
    return x * (2 + 5 * x**2) + 1 - band @ (x * (1 + x))


def matrix_square_root(size: int) -> Callable[[Array], Array]:
    """Hammarling's problem: X X = A with A = 1e-4 I and a single 1 above its diagonal, nearly without a root."""
    a = 1e-4 * np.eye(size)
    a[0, 1] = 1

    def F(x: Array) -> Array:
        root = x.reshape(size, size)
        return (root @ root - a).reshape(-1)

    return F


def dennis_schnabel(x: Array) -> Array:
    """Dennis & Schnabel (1983), "Numerical Methods for Unconstrained Optimization and Nonlinear Equations"."""
    return jnp.stack([x[0] + x[1] - 3, x[0] ** 2 + x[1] ** 2 - 9])


def _slope(x: Array) -> Array:
    """(1 - exp(-x^2)) / x, 0 at 0."""
    return -jnp.expm1(-(x**2)) / jnp.where(x == 0, 1, x)


def sample_18(x: Array) -> Array:
    """Problem 18 of the library: flat at its root 0."""
    a, b = x
    return jnp.stack([b**2 * _slope(a), a * _slope(b)])


def sample_19(x: Array) -> Array:
    """Problem 19 of the library: x ||x||^2."""
    return x * jnp.sum(x**2)


def scalar(x: Array) -> Array:
    """Problem 20 of the library, with a double root at 5."""
    return x * (x - 5) ** 2


def freudenstein_roth(x: Array) -> Array:
    """MGH 2."""
    a, b = x
    return jnp.stack([a - b**3 + 5 * b**2 - 2 * b - 13, a + b**3 + b**2 - 14 * b - 29])


def boggs(x: Array) -> Array:
    """Boggs (1971), SIAM Journal on Numerical Analysis, volume 8."""
    a, b = x
    return jnp.stack([a**2 - b + 1, a - jnp.cos(jnp.pi * b / 2)])


def chandrasekhar(x: Array) -> Array:
    """The H-equation with c = 0.9 by midpoints: Kelley (1995), section 5.6, doi:10.1137/1.9781611970944."""
    mu = (PLACE - 0.5) / N
    kernel = 0.9 / (2 * N) * mu / (mu[:, None] + mu)
    return x - 1 / (1 - kernel @ x)


CHEBYQUAD = [0.21132486540518713, 0.7886751345948129]
BADLY_SCALED = [1.0981593296998e-5, 9.106146739867]
SADDLE = [-0.96797402, 0.94713914, -0.96951631, 0.95124767]  # of Wood's function: the gradient is 0 there too
ROOT_2 = np.array([0.01, 50.0, 0.0, 0.01])
CLASSICAL = [
    System("generalised Rosenbrock", rosenbrock, [-1.2] + [1.0] * (N - 1), [[1.0] * N]),
    System("Powell singular", powell_singular, [3.0, -1.0, 0.0, 1.0], [[0.0] * 4]),
    System("Powell badly scaled", powell_badly_scaled, [0.0, 1.0], [BADLY_SCALED, BADLY_SCALED[::-1]]),
    System("Wood", wood, [-3.0, -1.0, -3.0, -1.0], [[1.0] * 4, SADDLE]),
    System("helical valley", helical_valley, [-1.0, 0.0, 0.0], [[1.0, 0.0, 0.0]]),
    System("Watson", watson, [0.0, 0.0]),
    System("Chebyquad", chebyquad, [1 / 3, 2 / 3], [CHEBYQUAD, CHEBYQUAD[::-1]]),
    System("Brown almost linear", brown_almost_linear, [0.5] * N),
    System("discrete boundary value", boundary_value, list(GRID * (GRID - 1))),
    System("discrete integral equation", integral_equation, list(GRID * (GRID - 1))),
    System("trigonometric", trigonometric, [1 / N] * N),
    System("variably dimensioned", variably_dimensioned, list(1 - PLACE / N), [[1.0] * N]),
    System("Broyden tridiagonal", broyden_tridiagonal, [-1.0] * N),
    System("Broyden banded", broyden_banded, [-1.0] * N),
    System("Hammarling 2 x 2", matrix_square_root(2), list(np.eye(2).ravel()), [list(ROOT_2), list(-ROOT_2)]),
    System("Hammarling 3 x 3", matrix_square_root(3), list(np.eye(3).ravel())),
    System("Dennis-Schnabel", dennis_schnabel, [1.0, 5.0], [[0.0, 3.0], [3.0, 0.0]]),
    System("sample 18", sample_18, [2.0, 2.0]),
    System("sample 19", sample_19, [3.0, 3.0], [[0.0, 0.0]]),
    System("x (x - 5)^2", scalar, [1.0], [[0.0], [5.0]]),
    System("Freudenstein-Roth", freudenstein_roth, [0.5, -2.0], [[5.0, 4.0]]),
    System("Boggs", boggs, [1.0, 0.0], [[0.0, 1.0], [-1.0, 2.0], [-(0.5**0.5), 1.5]]),
    System("Chandrasekhar", chandrasekhar, [1.0] * N),
]
