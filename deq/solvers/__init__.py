"""Fixed-point solvers, one file each, all run by `solve`.

To add one: its own file here, a row in catalogue.py, and a row of SOLVER_STYLES in deq/plots/style.py.
"""

from deq.solvers.anderson import Anderson
from deq.solvers.base import Map, Solver, norm, relative_residual
from deq.solvers.broyden import Broyden
from deq.solvers.catalogue import SOLVERS, Entry, is_same_method, solver_by_command
from deq.solvers.linear import GMRES, BiCGStab, Dense, LinearSolver, solve_linear
from deq.solvers.loop import solve
from deq.solvers.newton import NewtonKrylov
from deq.solvers.ode import ODEFlow
from deq.solvers.picard import Picard
from deq.solvers.solution import Solution, Trace, error_estimate
from deq.solvers.splitting import Splitting, solve_splitting

__all__ = [
    "GMRES",
    "SOLVERS",
    "Anderson",
    "BiCGStab",
    "Broyden",
    "Dense",
    "Entry",
    "LinearSolver",
    "Map",
    "NewtonKrylov",
    "ODEFlow",
    "Picard",
    "Solution",
    "Solver",
    "Splitting",
    "Trace",
    "error_estimate",
    "is_same_method",
    "norm",
    "relative_residual",
    "solve",
    "solve_linear",
    "solve_splitting",
    "solver_by_command",
]
