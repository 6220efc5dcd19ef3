"""Fixed-point solvers: one file a family, one way in, `solve`."""

from deq.solvers.anderson import Anderson
from deq.solvers.base import Map, Solution, Solver, Trace, norm, relative_residual
from deq.solvers.broyden import Broyden
from deq.solvers.linear import GMRES, BiCGStab, Dense, LinearSolver, solve_linear
from deq.solvers.loop import solve
from deq.solvers.newton import NewtonKrylov
from deq.solvers.ode import ODEFlow
from deq.solvers.picard import Picard
from deq.solvers.splitting import Splitting, solve_splitting

# The names of the command line and of the pages.
SOLVERS: dict[str, type[Solver]] = {
    "picard": Picard,
    "anderson": Anderson,
    "broyden": Broyden,
    "newton": NewtonKrylov,
    "ode": ODEFlow,
}

__all__ = [
    "GMRES",
    "SOLVERS",
    "Anderson",
    "BiCGStab",
    "Broyden",
    "Dense",
    "LinearSolver",
    "Map",
    "NewtonKrylov",
    "ODEFlow",
    "Picard",
    "Solution",
    "Solver",
    "Splitting",
    "Trace",
    "norm",
    "relative_residual",
    "solve",
    "solve_linear",
    "solve_splitting",
]
