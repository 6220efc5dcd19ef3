"""deq: deep equilibrium models, networks whose output is the fixed point z* = f(z*, x) of one layer."""

from deq.gradients import Implicit, Neumann, Phantom, Probe, ThroughODE, Unrolled, equilibrium
from deq.solvers import Anderson, Broyden, NewtonKrylov, ODEFlow, Picard, Solution, Trace, solve

__all__ = [
    "Anderson",
    "Broyden",
    "Implicit",
    "Neumann",
    "NewtonKrylov",
    "ODEFlow",
    "Phantom",
    "Picard",
    "Probe",
    "Solution",
    "ThroughODE",
    "Trace",
    "Unrolled",
    "equilibrium",
    "solve",
]
