"""deq: deep equilibrium models, networks whose output is the fixed point z* = f(z*, x) of one layer."""

from deq.checkpoints import load_checkpoint, load_pretrained, save_checkpoint
from deq.data import load_dataset
from deq.gradients import Implicit, Neumann, Phantom, Probe, ThroughODE, Unrolled, equilibrium
from deq.solvers import Anderson, Broyden, NewtonKrylov, ODEFlow, Picard, Solution, Trace, solve
from deq.training import fit

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
    "fit",
    "load_checkpoint",
    "load_dataset",
    "load_pretrained",
    "save_checkpoint",
    "solve",
]
