"""The differentiable equilibrium and the gradients to choose from."""

from deq.gradients.backprop import Phantom, ThroughODE, Unrolled
from deq.gradients.base import Gradient, Probe
from deq.gradients.equilibrium import equilibrium
from deq.gradients.implicit import Implicit, Neumann

# The names of the command line and of the pages.
GRADIENTS: dict[str, type[Gradient]] = {"implicit": Implicit, "phantom": Phantom, "unrolled": Unrolled}

__all__ = [
    "GRADIENTS",
    "Gradient",
    "Implicit",
    "Neumann",
    "Phantom",
    "Probe",
    "ThroughODE",
    "Unrolled",
    "equilibrium",
]
