"""Settings as pytrees: the class belongs to the structure, so that no program runs for another class."""

from dataclasses import dataclass
from itertools import combinations

import jax

from deq import Anderson, Broyden, Implicit, NewtonKrylov, ODEFlow, Phantom, Picard, ThroughODE, Unrolled
from deq.gradients import Progressive
from deq.solvers import GMRES, BiCGStab, Dense
from deq.solvers.base import static
from deq.solvers.pytree import pytree

SETTINGS = [
    Picard(),
    Anderson(),
    Broyden(),
    NewtonKrylov(),
    ODEFlow(),
    Implicit(),
    Phantom(),
    ThroughODE(),
    Unrolled(),
    Progressive(),
    GMRES(),
    BiCGStab(),
    Dense(),
]


@pytree
@dataclass(frozen=True)
class Pair:
    first: float
    count: int = static(2)


@pytree
@dataclass(frozen=True)
class OtherPair:
    first: float
    count: int = static(2)


def test_no_two_classes_share_a_structure() -> None:
    for one, other in combinations([Pair(1.0), OtherPair(1.0), *SETTINGS], 2):
        assert jax.tree.structure(one) != jax.tree.structure(other), (one, other)


def test_static_fields_belong_to_the_structure() -> None:
    assert jax.tree.structure(Pair(1.0)) == jax.tree.structure(Pair(2.0))
    assert jax.tree.structure(Pair(1.0)) != jax.tree.structure(Pair(1.0, count=3))


def test_a_round_trip_changes_nothing() -> None:
    for settings in SETTINGS:
        leaves, structure = jax.tree.flatten(settings)
        assert jax.tree.unflatten(structure, leaves) == settings


def test_leaves_are_named_by_their_fields() -> None:
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree.leaves_with_path(Picard())]
    assert ".tol" in paths
