"""The solvers to compare, with shared settings: those of the catalogue, and splitting for monotone cells."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import diffrax

from deq.analysis.comparison.problem import Split
from deq.analysis.comparison.subjects import Subject
from deq.solvers import SOLVERS, Entry, Solver
from deq.solvers.ode import Method

METHODS: dict[str, Method] = {"Tsit5": diffrax.Tsit5(), "Dopri5": diffrax.Dopri5(), "Heun": diffrax.Heun()}
SPLITTING = "Peaceman-Rachford"
RACERS = SOLVERS | {SPLITTING: Entry("", Split())}


def racers_for(subject: Subject) -> list[str]:
    """Names of the solvers for this subject; splitting needs a monotone cell."""
    return [name for name in RACERS if subject.is_monotone or name != SPLITTING]


@dataclass(frozen=True)
class Lineup:
    """Solver settings as plain values. damping: of damped Picard; method: of the ODE flow."""

    tol: float = 1e-4
    max_nfe: int = 300
    damping: float = 0.5
    memory: int = 5
    rank: int = 10
    krylov: int = 10
    method: str = "Tsit5"

    def solver(self, name: str) -> Solver:
        """The solver of that name. Raises ValueError for a name that is not in RACERS."""
        if name not in RACERS:
            raise ValueError(f"No solver {name!r} in the race; choose from {', '.join(RACERS)}.")
        return RACERS[name].make(asdict(self) | {"method": METHODS[self.method]})
