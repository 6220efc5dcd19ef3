"""Fixed-point problems of other libraries' tests, in our words, each with its known answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array

from deq.solvers import SOLVERS

ALL = frozenset(SOLVERS)
PATIENT = frozenset({"Anderson", "Broyden", "Newton-Krylov"})  # where Picard and the flow are slow or diverge


@dataclass(frozen=True)
class PeerMap:
    """f: (n,) -> (n,), its start, its fixed points that are near, and the solvers that must find one."""

    name: str
    f: Callable[[Array], Array]
    start: Sequence[float]
    answers: Sequence[Sequence[float]]
    solved_by: frozenset[str] = ALL


def affine(name: str, matrix: np.ndarray, b: np.ndarray, solved_by: frozenset[str] = ALL) -> PeerMap:
    """f(z) = A z + b from 0."""
    answer = np.linalg.solve(np.eye(len(b)) - matrix, b)
    return PeerMap(name, lambda z: matrix @ z + b, [0.0] * len(b), [list(answer)], solved_by)


def rotations() -> PeerMap:
    """Turns about a centre in seven planes: no contraction, and Banach's theorem says nothing."""
    angles = np.pi / np.array([2, 3, 4, 5, 6, 1.27, 1.73])
    turn = np.zeros((14, 14))
    for i, angle in enumerate(angles):
        c, s = np.cos(angle), np.sin(angle)
        turn[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[c, -s], [s, c]]
    centre = np.arange(1.0, 15.0)
    return affine("JAXopt: rotations", turn, centre - turn @ centre, ALL - {"Picard"})


def contraction(n: int = 14) -> PeerMap:
    """Symmetric, of norm 1/2."""
    rng = np.random.default_rng(0)
    m = rng.uniform(-1, 1, (n, n))
    m = m + m.T
    return affine("JAXopt: symmetric contraction", m / (2 * np.linalg.norm(m, 2)), rng.uniform(size=n))


MIDPOINT = np.array([[-1.0, 0.5], [0.25, -0.5]])  # y' = A y
START = np.array([1.0, 2.0])

PEER_MAPS = [
    PeerMap("Optimistix: cos", jnp.cos, [1.0], [[0.7390851332151607]]),
    PeerMap("Optimistix: exp(-z)", lambda z: jnp.exp(-z), [1.0], [[0.5671432904097838]]),
    affine("Optimistix: a step by the midpoint rule", MIDPOINT / 4, START + MIDPOINT @ START / 4),
    PeerMap(
        "JAXopt: geometric decay",
        lambda z: np.array([0.9, 0.99, 0.999]) * z,
        [1.0, 0.4, -0.2],
        [[0.0] * 3],
        PATIENT,
    ),
    PeerMap(
        "JAXopt: sin z z^2",
        lambda z: jnp.sin(z) * z**2,
        [0.6, 0.0, -0.1],
        [[0.0] * 3, [1.1141571408719302, 0.0, 0.0]],
    ),
    PeerMap("JAXopt: z^3", lambda z: z**3, [0.7, 0.5], [[0.0, 0.0], [1.0, 0.0]]),
    PeerMap(
        "JAXopt: cos z + theta",
        lambda z: jnp.cos(z) + np.array([0.0, np.pi / 2]),
        [0.3, np.pi / 4],
        [[0.7390851332151607, np.pi / 2]],
        ALL - {"Picard"},  # the slope at the second is -1
    ),
    rotations(),
    contraction(),
    affine("Banax: z / 2 + 1", np.array([[0.5]]), np.ones(1)),
    affine("Banax: two coupled", np.array([[0, 0.25], [0.25, 0]]), np.array([1.0, 2.0])),
    affine("Banax: two apart", np.diag([0.5, 0.25]), np.array([1.0, 3.0])),
    affine("Banax: slope 0.9", np.array([[0.9]]), np.ones(1)),
    affine("NLsolve: diagonal", np.diag([0.5, 0.2]), np.array([1.0, 2.0])),
    affine("NLsolve: slope 1.1", np.array([[1.1]]), np.ones(1), PATIENT),
]
