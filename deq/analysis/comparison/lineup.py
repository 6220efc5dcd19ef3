"""Who races: the solvers by their names on the page, with the settings that all of them share."""

from __future__ import annotations

from dataclasses import dataclass

import diffrax

from deq.solvers import Anderson, Broyden, NewtonKrylov, ODEFlow, Picard, Solver
from deq.solvers.ode import Method

SOLVER_NAMES = ("Picard", "damped Picard", "Anderson", "Broyden", "Newton-Krylov", "ODE flow")
METHODS: dict[str, Method] = {"Tsit5": diffrax.Tsit5(), "Dopri5": diffrax.Dopri5(), "Heun": diffrax.Heun()}


@dataclass(frozen=True)
class Lineup:
    """Settings of the solvers as plain numbers. damping is that of damped Picard, method that of the ODE flow."""

    tol: float = 1e-4
    max_nfe: int = 300
    damping: float = 0.5
    memory: int = 5
    rank: int = 10
    krylov: int = 10
    method: str = "Tsit5"

    def solver(self, name: str) -> Solver:
        """The solver of that name. Raises ValueError for a name that is not in SOLVER_NAMES."""
        made: dict[str, Solver] = {
            "Picard": Picard(tol=self.tol, max_nfe=self.max_nfe),
            "damped Picard": Picard(tol=self.tol, max_nfe=self.max_nfe, damping=self.damping),
            "Anderson": Anderson(tol=self.tol, max_nfe=self.max_nfe, memory=self.memory),
            "Broyden": Broyden(tol=self.tol, max_nfe=self.max_nfe, rank=self.rank),
            "Newton-Krylov": NewtonKrylov(tol=self.tol, max_nfe=self.max_nfe, krylov=self.krylov),
            "ODE flow": ODEFlow(tol=self.tol, max_nfe=self.max_nfe, method=METHODS[self.method]),
        }
        if name not in made:
            raise ValueError(f"No solver {name!r} in the race; choose from {', '.join(SOLVER_NAMES)}.")
        return made[name]
