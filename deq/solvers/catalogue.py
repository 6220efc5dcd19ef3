"""The catalogue of solvers, read by the command line, the pages, the plots, the comparison and the tests."""

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
    """A row of the catalogue. command: the solver's name on the command line. default: the solver
    with its default settings.

    own: the setting that pages offer for it besides tol and max_nfe, or "".
    """

    command: str
    default: Solver
    own: str = ""

    def make(self, settings: Mapping[str, Any]) -> Solver:
        """The solver with its tol, max_nfe and own setting taken from `settings`; other keys are ignored."""
        changes = {name: settings[name] for name in ("tol", "max_nfe", self.own) if name in settings}
        return replace(self.default, **changes)


# Keyed by the name that pages, links and plots use.
SOLVERS: dict[str, Entry] = {
    "Picard": Entry("picard", Picard()),
    "damped Picard": Entry("damped-picard", Picard(damping=0.5), "damping"),
    "Anderson": Entry("anderson", Anderson(), "memory"),
    "Broyden": Entry("broyden", Broyden(), "rank"),
    "Newton-Krylov": Entry("newton", NewtonKrylov(), "krylov"),
    "ODE flow": Entry("ode", ODEFlow(), "method"),
}


def solver_by_command(command: str) -> Solver:
    """The solver with that command-line name and its default settings. Raises ValueError for an unknown name."""
    known = {entry.command: entry.default for entry in SOLVERS.values()}
    if command not in known:
        raise ValueError(f"Unknown solver {command!r}; choose from {', '.join(known)}.")
    return known[command]


def is_same_method(solver: Solver, other: Solver) -> bool:
    """Whether two solvers agree in all settings except tol and max_nfe."""
    return type(solver) is type(other) and replace(solver, tol=other.tol, max_nfe=other.max_nfe) == other
