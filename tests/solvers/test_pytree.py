"""Settings as pytrees: the class belongs to the structure, so that no program runs for another class."""

from dataclasses import dataclass, replace
from itertools import combinations

import jax
import pytest

from deq import Anderson, Broyden, Implicit, NewtonKrylov, ODEFlow, Phantom, Picard, ThroughODE, Unrolled
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


@pytest.mark.parametrize(
    ("one", "other"),
    [(Pair(1.0), OtherPair(1.0)), *combinations(SETTINGS, 2)],
    ids=lambda settings: type(settings).__name__,
)
def test_two_classes_have_two_structures(one: object, other: object) -> None:
    assert jax.tree.structure(one) != jax.tree.structure(other)


def test_static_fields_belong_to_the_structure() -> None:
    assert jax.tree.structure(Pair(1.0)) == jax.tree.structure(Pair(2.0))
    assert jax.tree.structure(Pair(1.0)) != jax.tree.structure(Pair(1.0, count=3))


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: type(settings).__name__)
def test_a_round_trip_changes_nothing(settings: object) -> None:
    leaves, structure = jax.tree.flatten(settings)
    assert jax.tree.unflatten(structure, leaves) == settings


def test_leaves_are_named_by_their_fields() -> None:
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree.leaves_with_path(replace(Picard(), tol=1e-3))]
    assert ".tol" in paths
