"""deq: deep equilibrium models, networks whose output is the fixed point z* = f(z*, x) of one layer."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from deq.analysis import certified_radius
    from deq.data import load_dataset
    from deq.gradients import Implicit, Neumann, Phantom, Probe, ThroughODE, Unrolled, equilibrium
    from deq.models import load_checkpoint, load_pretrained, save_checkpoint
    from deq.solvers import (
        Anderson,
        Broyden,
        NewtonKrylov,
        ODEFlow,
        Picard,
        Solution,
        Trace,
        error_estimate,
        solve,
    )
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
    "certified_radius",
    "equilibrium",
    "error_estimate",
    "fit",
    "load_checkpoint",
    "load_dataset",
    "load_pretrained",
    "save_checkpoint",
    "solve",
]

_PACKAGES = ("solvers", "gradients", "data", "models", "training", "analysis")


def __getattr__(name: str) -> Any:
    """Import a name on first use, so that `import deq.plots` alone does not load JAX."""
    if name in __all__:
        for package in (import_module(f"deq.{package}") for package in _PACKAGES):
            if hasattr(package, name):
                return getattr(package, name)
    raise AttributeError(f"module 'deq' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
