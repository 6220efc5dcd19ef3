"""Solvers and gradients survive a round trip through JSON."""

import json

import diffrax
import pytest

from deq.gradients import Implicit, Neumann, Phantom, ThroughODE, Unrolled
from deq.models.settings import from_dict, named_gradient, to_dict
from deq.solvers import GMRES, SOLVERS, Anderson, BiCGStab, Dense, ODEFlow, Picard, solver_by_command

PARTS = [
    *(entry.default for entry in SOLVERS.values()),
    Picard(damping=0.5, tol=1e-7, max_nfe=3),
    ODEFlow(method=diffrax.Heun(), step_size=0.1),
    Implicit(GMRES(restart=7)),
    Implicit(BiCGStab()),
    Implicit(Dense()),
    Implicit(Anderson(memory=3)),
    Neumann(3),
    Phantom(5, 0.5),
    Unrolled(7),
    ThroughODE(t1=1.0),
]


@pytest.mark.parametrize("part", PARTS, ids=repr)
def test_round_trip_through_json(part: object) -> None:
    assert from_dict(json.loads(json.dumps(to_dict(part)))) == part


@pytest.mark.parametrize("name", ["", "adam", "Picard"])
def test_unknown_names(name: str) -> None:
    with pytest.raises(ValueError, match="choose from picard"):
        solver_by_command(name)
    with pytest.raises(ValueError, match="choose from implicit"):
        named_gradient(name)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"type": "system"},
        {"type": "Picard", "speed": 1},
        {"type": "Picard", "tol": -1},
        {"type": "ODEFlow", "method": {"method": "diffeqsolve"}},
    ],
)
def test_invalid_data_is_refused(data: dict) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_dict(data)
