"""The catalogue of solvers: the one table that the command line, the pages, the plots and the comparison read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from deq.solvers.anderson import Anderson
from deq.solvers.base import Solver
from deq.solvers.broyden import Broyden
from deq.solvers.newton import NewtonKrylov
from deq.solvers.ode import ODEFlow
from deq.solvers.picard import Picard


@dataclass(frozen=True)
class Entry:
    """One row. command: its name on the command line. default: its settings where nobody chooses others.

    own: the setting, beside tol and max_nfe, that a page offers for it; empty where it has none.
    """

    command: str
    default: Solver
    own: str = ""

    def make(self, settings: Mapping[str, Any]) -> Solver:
        """The solver with those of the settings, by name, that it takes; others may be there for other solvers."""
        taken = {name: settings[name] for name in ("tol", "max_nfe", self.own) if name in settings}
        return replace(self.default, **taken)


# By the name that pages, links and plots use.
SOLVERS: dict[str, Entry] = {
    "Picard": Entry("picard", Picard()),
    "damped Picard": Entry("damped-picard", Picard(damping=0.5), "damping"),
    "Anderson": Entry("anderson", Anderson(), "memory"),
    "Broyden": Entry("broyden", Broyden(), "rank"),
    "Newton-Krylov": Entry("newton", NewtonKrylov(), "krylov"),
    "ODE flow": Entry("ode", ODEFlow(), "method"),
}


def solver_by_command(command: str) -> Solver:
    """The solver of that name on the command line, with its defaults. Raises ValueError with the names there are."""
    known = {entry.command: entry.default for entry in SOLVERS.values()}
    if command not in known:
        raise ValueError(f"Unknown solver {command!r}; choose from {', '.join(known)}.")
    return known[command]


def is_same_method(solver: Solver, other: Solver) -> bool:
    """Whether two solvers differ in nothing but tol and max_nfe."""
    return type(solver) is type(other) and replace(solver, tol=other.tol, max_nfe=other.max_nfe) == other
