"""`equilibrium`, the differentiable solve, and the gradients it can use."""

from deq.gradients.backprop import Phantom, Progressive, ThroughODE, Unrolled
from deq.gradients.base import Gradient, Probe
from deq.gradients.equilibrium import equilibrium
from deq.gradients.implicit import Implicit, Neumann

# Keyed by the name on the command line and on the pages.
GRADIENTS: dict[str, type[Gradient]] = {"implicit": Implicit, "phantom": Phantom, "unrolled": Unrolled}

__all__ = [
    "GRADIENTS",
    "Gradient",
    "Implicit",
    "Neumann",
    "Phantom",
    "Probe",
    "Progressive",
    "ThroughODE",
    "Unrolled",
    "equilibrium",
]
